import { describe, expect, test } from "vitest";
import { ConfigError, LetheError, RunError, ShapeError } from "./errors.ts";

describe("errors", () => {
  test("carry code, place, hint and cause", () => {
    const cause = new Error("ENOENT");
    const error = new RunError("cannot read the run", { hint: "Start it anew.", place: { file: "runs/a" }, cause });
    expect(error).toMatchObject({
      name: "RunError",
      code: "run",
      hint: "Start it anew.",
      place: { file: "runs/a" },
      cause,
    });
  });

  test("without a cause there is no cause property", () => {
    expect("cause" in new ShapeError("[2, 3] and [4]")).toBe(false);
  });

  test("are recognised across copies of the package by their marker, and nothing else is", () => {
    const foreign = Object.assign(new Error("from another copy"), { [Symbol.for("lethe.error")]: true });
    expect(LetheError.isInstance(new ConfigError("wrong"))).toBe(true);
    expect(LetheError.isInstance(foreign)).toBe(true);
    expect(LetheError.isInstance(new Error("plain"))).toBe(false);
    expect(LetheError.isInstance(null)).toBe(false);
  });
});
