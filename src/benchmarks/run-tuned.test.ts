// A benchmark whose methods are tuned: both rows of every method, on records that chose nothing.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readJsonObject } from "../core/json-file.ts";
import { type TinyBenchmark, tinyBenchmark } from "./fixtures/tiny-benchmark.ts";
import type { BenchmarkResult } from "./result.ts";
import { runBenchmark } from "./run.ts";

let tiny: TinyBenchmark;
let result: BenchmarkResult;
beforeAll(async () => {
  tiny = tinyBenchmark();
  const tune = { budget: 12, metrics: ["probability"], learningRates: [3, 5] };
  const boundary = "boundary={ kept: retain, forgotten: forget, metric: probability, bins: 2 }";
  const config = await tiny.load("run=[ga]", "seeds=2", `tune=${JSON.stringify(tune)}`, boundary);
  result = await runBenchmark(config);
});
afterAll(() => tiny[Symbol.dispose]());

test("every method has rows with default and with tuned settings, for every seed", () => {
  const rows = result.rows.map(({ method, settings, seed }) => [method, settings, seed]);
  expect(rows).toEqual([
    ["before", null, null],
    ["retrained", null, null],
    ["ga", "default", 0],
    ["ga", "default", 1],
    ["ga", "tuned", 0],
    ["ga", "tuned", 1],
  ]);
});

test("all rows, those of the models too, rest on the records that judged no setting", () => {
  const { records } = readJsonObject(tiny.at("out", "tuning", "tune.json")) as {
    records: { counts: Record<string, { validation: number; reported: number }> };
  };
  const { validation, reported } = records.counts.forget ?? { validation: 0, reported: 0 };
  expect(validation).toBeGreaterThan(0);
  expect(validation + reported).toBe(4);
  expect(result.rows.map(({ cells }) => cells["forget/probability"]?.n)).toEqual(Array(6).fill(reported));
});

test("the boundary is drawn of those records, too", () => {
  const { records } = readJsonObject(tiny.at("out", "tuning", "tune.json")) as {
    records: { counts: Record<string, { reported: number }> };
  };
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const drawn = result.boundary?.bins ?? [];
  expect(sum(drawn.map(({ n }) => n))).toBe(records.counts.retain?.reported);
  for (const { cells } of result.rows) {
    expect(drawn.map(({ measure }) => cells[measure]?.n)).toEqual(drawn.map(({ n }) => n));
  }
});

test("the notes say what the search cost and found", () => {
  expect(result.notes.join("\n")).toMatch(/ga: 3 of 3 settings tried in 12 of 12 optimiser steps/);
});

test("knobs of a method that there is not are refused before anything is made", async () => {
  const tune = { budget: 12, knobs: { npoo: { "objective.beta": [1] } } };
  const config = await tiny.load("run=[ga]", `output=${tiny.at("stray")}`, `tune=${JSON.stringify(tune)}`);
  await expect(runBenchmark(config)).rejects.toThrow('tune.knobs names "npoo"');
  expect(existsSync(tiny.at("stray"))).toBe(false);
});
