import { describe, expect, test } from "vitest";
import { meanAndInterval, meansOverSeeds, studentQuantile } from "./means.ts";
import type { ResultCell, ResultColumn, ResultRow } from "./result.ts";

const column: ResultColumn = { measure: "m", title: "m", side: "keeping", better: "higher", scale: "share" };
const row = (seed: number, cell: ResultCell | undefined, rest: Partial<ResultRow> = {}): ResultRow => ({
  method: "npo",
  settings: "default",
  seed,
  cells: cell ? { m: cell } : {},
  steps: 10,
  seconds: 2 * seed,
  stepSeconds: null,
  peakMegabytes: null,
  cost: 1.5,
  ...rest,
});
const cell = (value: number): ResultCell => ({ value, n: 40, interval: [value - 0.1, value + 0.1] });

describe("meansOverSeeds", () => {
  test("seeds of one method and settings make one row with a t-interval", () => {
    const rows = [row(0, cell(0.4)), row(1, cell(0.5)), row(2, cell(0.6)), row(0, cell(0.9), { settings: "tuned" })];
    const [untuned, tuned] = meansOverSeeds({ rows, columns: [column] });
    expect(untuned?.cells.m).toMatchObject({ n: 40, over: "seeds" });
    expect(untuned?.cells.m?.value).toBeCloseTo(0.5, 12);
    // Standard deviation 0.1, three seeds: 4.30265 · 0.1 / √3.
    expect(untuned?.cells.m?.interval?.[1]).toBeCloseTo(0.5 + 0.248413, 5);
    expect(untuned?.seconds).toBe(2);
    expect(tuned?.cells.m).toEqual({ ...cell(0.9), over: "examples" });
  });

  test("several runs from one start model count as one: the interval is over start models", () => {
    const rows = [0.1, 0.3, 0.5, 0.5].map((value, seed) => row(seed, cell(value), { start: Math.floor(seed / 2) }));
    const [mean] = meansOverSeeds({ rows, columns: [{ ...column, scale: "free" }] });
    expect(mean?.cells.m?.value).toBeCloseTo(0.35, 12);
    // Starts 0.2 and 0.5: standard deviation 0.212132, two starts: 12.7062 · 0.212132 / √2.
    expect(mean?.cells.m?.interval?.[1]).toBeCloseTo(0.35 + 1.90593, 5);
  });

  test("a mean over those seeds that went well is no mean", () => {
    const failed = row(1, undefined, { failure: "training diverged" });
    const [mean] = meansOverSeeds({ rows: [row(0, cell(0.4)), failed], columns: [column] });
    expect(mean?.cells.m).toMatchObject({ value: null, reason: "none for 1 of 2 seeds: training diverged" });
  });
});

test("on a logarithmic scale the mean is geometric", () => {
  expect(meanAndInterval([1e-4, 1e-2], "logarithmic").mean).toBeCloseTo(1e-3, 12);
  expect(meanAndInterval([0, 1e-2], "logarithmic")).toEqual({ mean: 0 });
});

test("an interval of few values ends where a share or a percentage does, on either side, and nowhere on a free scale", () => {
  // Two values, 0.2 apart: 12.7062 · 0.1 to either side.
  expect(meanAndInterval([0.1, 0.3], "share").interval).toEqual([0, 1]);
  expect(meanAndInterval([10, 30], "percent").interval).toEqual([0, 100]);
  expect(meanAndInterval([90, 90.2], "percent").interval?.map((end) => Number(end.toFixed(3)))).toEqual([
    88.829, 91.371,
  ]);
  const [low, high] = meanAndInterval([0.1, 0.3], "free").interval ?? [];
  expect(low).toBeCloseTo(0.2 - 1.27062, 5);
  expect(high).toBeCloseTo(0.2 + 1.27062, 5);
});

test("quantiles of Student's t", () => {
  // Tables: 2.201 at 11 degrees, 2.042 at 30, 1.984 at 100.
  expect([11, 30, 100].map((degrees) => Number(studentQuantile(degrees).toFixed(3)))).toEqual([2.201, 2.042, 1.984]);
});
