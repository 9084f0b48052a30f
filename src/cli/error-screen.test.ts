import { describe, expect, test } from "vitest";
import { ConfigError, DataError } from "../core/errors.ts";
import { errorAsJson, renderError } from "./error-screen.ts";
import { createTerminal } from "./terminal.ts";

const terminal = createTerminal({ write: () => {} }, { write: () => {} }, {});
const show = (error: unknown, debug = false) => renderError(error, terminal, debug);

describe("an error", () => {
  test("that users can mend says what, where and what to do", () => {
    const error = new ConfigError('unknown key "lerning_rate" in training', {
      hint: 'Did you mean "learningRate"?',
      place: { file: "run.yaml", line: 4, key: "training.lerning_rate" },
    });
    expect(show(error)).toBe(
      'error: unknown key "lerning_rate" in training\n   at: run.yaml:4 (training.lerning_rate)\n   do: Did you mean "learningRate"?\n',
    );
  });

  test("does not repeat a place that the message has", () => {
    expect(show(new DataError("a.jsonl:3 is not JSON", { place: { file: "a.jsonl", line: 3 } }))).toBe(
      "error: a.jsonl:3 is not JSON\n",
    );
  });

  test("fits on a screen however long it is", () => {
    const text = show(new DataError("x\n".repeat(500), { hint: "y".repeat(100_000) }));
    expect(text.split("\n").length).toBeLessThan(24);
    expect(text.length).toBeLessThan(5000);
  });

  test("that nobody expected says how to see more, and shows stack and causes when asked", () => {
    const error = new TypeError("x is not a function", { cause: new Error("deeper") });
    expect(show(error)).toContain("internal error: TypeError: x is not a function");
    expect(show(error)).toContain("LETHE_DEBUG=1");
    expect(show(error)).not.toContain("error-screen.test.ts");
    expect(show(error, true)).toContain("error-screen.test.ts");
    expect(show(error, true)).toContain("caused by Error: deeper");
  });

  test("for programs is one object", () => {
    expect(errorAsJson(new ConfigError("wrong", { hint: "h", place: { key: "k" } }))).toEqual({
      error: { code: "config", message: "wrong", hint: "h", place: { key: "k" } },
    });
    expect(errorAsJson("text")).toEqual({ error: { code: "internal", message: "text" } });
  });
});
