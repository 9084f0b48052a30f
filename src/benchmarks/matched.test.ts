// Methods held against each other where they have forgotten as much.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type TinyBenchmark, tinyBenchmark } from "./fixtures/tiny-benchmark.ts";
import { firstAt, type MatchedPoint, matchedCells, matchedGroups, matchedPoints } from "./matched.ts";
import { matchedMarkdown, matchedRows } from "./matched-section.ts";
import { renderBenchmarkPage } from "./page.ts";
import { type BenchmarkResult, benchmarkResult, type MatchedResult, type ResultRow } from "./result.ts";
import { runBenchmark } from "./run.ts";

const at = (step: number, forget: number, retain: number): MatchedPoint => ({ step, forget, retain });

test("between two evaluated steps both measures move in a straight line; the first time counts", () => {
  const points = [at(0, 1, 1), at(20, 0.8, 0.9), at(40, 0.4, 0.5), at(60, 0.9, 0.2), at(80, 0.1, 0.1)];
  expect(firstAt(points, 0.5)).toEqual({ step: 35, forget: 0.5, retain: expect.closeTo(0.6, 12) });
  expect(firstAt(points, 0.4)).toEqual(at(40, 0.4, 0.5));
});

test("a measure that grows as a run forgets is met from below; where it was from the start that is the first step", () => {
  const points = [at(0, 10, 1), at(20, 30, 0.5)];
  expect(firstAt(points, 20)).toEqual({ step: 10, forget: 20, retain: 0.75 });
  expect(firstAt(points, 10)).toEqual(at(0, 10, 1));
});

test("a run that never comes there has no number and says so", () => {
  expect(firstAt([at(0, 1, 1), at(20, 0.6, 1)], 0.5)).toBeUndefined();
  expect(firstAt([], 0.5)).toBeUndefined();
  const cells = matchedCells([at(0, 1, 1), at(20, 0.6, 0.9)], { at: [0.8, 0.5] }, 7);
  expect(cells["matched-1"]).toEqual({ value: expect.closeTo(0.95, 12), n: 7 });
  expect(cells["matched-1-step"]).toEqual({ value: expect.closeTo(10, 9), n: 7 });
  expect(cells["matched-2"]).toMatchObject({ value: null, reason: "never came there" });
});

test("a step counts where both measures are numbers; a metric's name may have a slash", () => {
  const trajectory = [
    { step: 0, sets: { f: { p: 0.9 }, r: { "q/peer": 0.8 } } },
    { step: 5, sets: { f: { p: Number.NaN }, r: { "q/peer": 0.7 } } },
    { step: 10, sets: { f: {}, r: { "q/peer": 0.7 } } },
  ];
  expect(matchedPoints(trajectory, { forget: "f/p", retain: "r/q/peer" })).toEqual([at(0, 0.9, 0.8)]);
});

const matched: MatchedResult = {
  forget: { measure: "f/p", title: "recall on <forget>", scale: "share" },
  retain: { measure: "r/p", title: "recall on retain", scale: "share" },
  at: [0.5],
  groups: matchedGroups([
    { label: "ga", objective: "ga" },
    { label: "npo", objective: "npo" },
    { label: "offset-ga", objective: "ga" },
  ]),
};
const row = (method: string, start: number, trajectory: MatchedPoint[]): ResultRow => ({
  method,
  settings: "default",
  seed: start,
  start,
  cells: matchedCells(trajectory, matched, 40),
  steps: 20,
  seconds: 1,
  stepSeconds: null,
  peakMegabytes: null,
  cost: 1,
  trajectory,
});
const result: BenchmarkResult = {
  format: 1,
  lethe: "0",
  title: "t",
  command: ["lethe"],
  columns: [],
  rows: [
    row("ga", 0, [at(0, 1, 1), at(20, 0, 0.4)]),
    row("ga", 1, [at(0, 1, 1), at(20, 0, 0.8)]),
    row("npo", 0, [at(0, 1, 1), at(20, 0.7, 0.9)]),
    row("npo", 1, [at(0, 1, 1), at(20, 0, 1)]),
    row("offset-ga", 0, [at(0, 1, 1), at(20, 0, 1)]),
    row("offset-ga", 1, [at(0, 1, 1), at(20, 0, 1)]),
  ],
  matched,
  notes: [],
};

test("methods of one objective stand beside each other, with means over start models and why there is none", () => {
  const rows = matchedRows(result, matched);
  expect(rows.map(({ method }) => method)).toEqual(["ga", "offset-ga", "npo"]);
  expect(rows[0]?.cells).toEqual([{ kept: "0.800", interval: expect.stringMatching(/^\[.*\]$/), step: "10" }]);
  expect(rows[2]?.cells).toEqual([{ kept: "none for 1 of 2 seeds: never came there", interval: "", step: "" }]);
  expect(matchedMarkdown(result).join("\n")).toMatch(/\| method \| kept at 0\.500 \| step \|/);
});

test("the page draws every method's way, a mean over its runs, and refers to nothing outside", () => {
  expect(benchmarkResult.parse(result)).toEqual(result);
  const page = renderBenchmarkPage(result);
  expect(page).toContain("ga: 1.000 and 1.000 at step 0, 0.000 and 0.600 at step 20; offset-ga: ");
  expect(page).toContain("recall on &#60;forget&#62;");
  expect(page).not.toMatch(/\b(?:src|href|action|srcset)=|url\(|@import|https?:|\sstyle="/);
  expect(renderBenchmarkPage({ ...result, rows: [] })).toContain("No run was measured on its way.");
});

let tiny: TinyBenchmark;
beforeAll(() => {
  tiny = tinyBenchmark();
});
afterAll(() => tiny[Symbol.dispose]());

test("what no trajectory holds cannot be matched, and the nearest name is told", async () => {
  const asked = (matching: string, ...more: string[]) => tiny.load(`matched=${matching}`, ...more).then(runBenchmark);
  await expect(
    asked("{ forget: forget/probabilty, at: [0.5], retain: retain/probability }", "evaluation.every=2"),
  ).rejects.toMatchObject({ hint: expect.stringContaining("forget/probability") });
  await expect(asked("{ forget: forget/probability, at: [0.5], retain: retain/probability }")).rejects.toThrow(
    "not measured on their way",
  );
});
