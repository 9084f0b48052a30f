import { expect, test } from "vitest";
import { chooseThreads } from "./threads.ts";

test("the option wins over LETHE_THREADS, which wins over the number of cores", () => {
  expect(chooseThreads(3, { LETHE_THREADS: "5" }, 8)).toEqual({ count: 3, why: "the option threads" });
  expect(chooseThreads(undefined, { LETHE_THREADS: "5" }, 8)).toEqual({ count: 5, why: "LETHE_THREADS" });
  expect(chooseThreads(undefined, {}, 8)).toEqual({ count: 8, why: "this process may use 8 cores" });
});

test("what is no number of threads is refused by name", () => {
  expect(() => chooseThreads(1.5, {})).toThrow(/threads is 1.5/);
  expect(() => chooseThreads(undefined, { LETHE_THREADS: "many" })).toThrow(/LETHE_THREADS is NaN/);
});
