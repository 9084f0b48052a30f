import { expect, test } from "vitest";
import { main } from "../main.ts";
import type { Terminal } from "../terminal.ts";

/** Exit code and what was shown. None of these lines measures anything. */
async function refusal(...line: string[]) {
  let shown = "";
  const write = (text: string) => {
    shown += text;
  };
  const terminal = { print: write, draw: write, interactive: false, color: false, width: 100 } as unknown as Terminal;
  return { code: await main(["bench", ...line], { terminal }), shown };
}

test.each(["abc", "0", "1.5", "-2"])("--steps %s is refused", async (steps) => {
  const { code, shown } = await refusal("train-step", `--steps=${steps}`);
  expect(code).toBe(2);
  expect(shown).toContain("a whole number of at least 1 is needed");
});

test("an unknown case is answered with the nearest one", async () => {
  const { code, shown } = await refusal("train-step", "--case", "110m-lora-r9");
  expect(code).toBe(1);
  expect(shown).toContain("110m-lora-r8");
});

test("generate has no cases to choose from", async () => {
  const { code, shown } = await refusal("generate", "--case", "110m-lora-r8");
  expect(code).toBe(1);
  expect(shown).toContain("--case chooses among the cases of train-step");
});

test("what is no speed is a benchmark, and an unknown one is answered with those there are", async () => {
  const { code, shown } = await refusal("tofus");
  expect(code).toBe(1);
  expect(shown).toContain('Did you mean "tofu"');
  expect(shown).toMatch(/Valid: .*knowundo, .*tofu, .*wmdp/);
});

test("--data, --methods and --seeds say what their keys say", async () => {
  expect((await refusal("muse")).shown).toContain("MUSE News needs its data");
  expect((await refusal("tofu", "--data", "/nowhere")).shown).toContain("there is no folder /nowhere");
  expect((await refusal("tofu", "--seeds", "0")).shown).toContain("a whole number of at least 1");
  const { shown } = await refusal("tofu", "--methods", "npo, tnpo", "--data", "/nowhere", "seeds=x");
  expect(shown).toContain('override "seeds=x"');
});

test("a speed takes no overrides", async () => {
  expect((await refusal("train-step", "seeds=1")).shown).toContain('train-step has no settings, got "seeds=1"');
});

test.each([["--jobs", "2"], ["--seeds", "3"], ["--resume"]])(
  "a speed has no runs for %s to be about",
  async (...option) => {
    expect((await refusal("scopes", ...option)).shown).toContain(`${option[0]} is about the runs of a benchmark`);
  },
);

test("no jobs at all are refused, as is what is no number", async () => {
  for (const jobs of ["0", "x"]) expect((await refusal("tofu", "--jobs", jobs)).code).toBe(2);
});
