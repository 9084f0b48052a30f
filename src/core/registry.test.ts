import { describe, expect, test, vi } from "vitest";
import { ConfigError } from "./errors.ts";
import { createRegistry } from "./registry.ts";

const objectives = () =>
  createRegistry<number>("objective", {
    npo: { value: 1 },
    simnpo: { load: async () => 2 },
    "grad-diff": { value: 3 },
  });

describe("registry", () => {
  test("gives an entry whether it is there or has to be loaded", async () => {
    expect(await objectives().get("npo")).toBe(1);
    expect(await objectives().get("simnpo")).toBe(2);
    expect(objectives().names()).toEqual(["npo", "simnpo", "grad-diff"]);
  });

  test("loads an entry only when asked, and once, also when asked twice at the same time", async () => {
    const load = vi.fn(async () => 7);
    const registry = createRegistry<number>("metric", { slow: { load } });
    expect(load).not.toHaveBeenCalled();
    expect(await Promise.all([registry.get("slow"), registry.get("slow")])).toEqual([7, 7]);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test("tries again after a load that failed", async () => {
    const load = vi.fn<() => Promise<number>>().mockRejectedValueOnce(new Error("offline")).mockResolvedValueOnce(7);
    const registry = createRegistry<number>("metric", { slow: { load } });
    await expect(registry.get("slow")).rejects.toThrow("offline");
    expect(await registry.get("slow")).toBe(7);
  });

  test("refuses a name that is taken", () => {
    expect(() => objectives().add("npo", { value: 9 })).toThrow('objective "npo" is registered twice');
  });

  test("answers an unknown name with the nearest valid names, the list and the place", async () => {
    const failure = await objectives()
      .get("graddif", { file: "run.yaml", line: 4 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure).toMatchObject({
      message: 'unknown objective "graddif"',
      hint: 'Did you mean "grad-diff"? Valid: npo, simnpo, grad-diff.',
      place: { file: "run.yaml", line: 4 },
    });
  });

  test("names of object members are not entries", async () => {
    expect(objectives().has("toString")).toBe(false);
    await expect(objectives().get("__proto__")).rejects.toThrow('unknown objective "__proto__"');
  });
});
