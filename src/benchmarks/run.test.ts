// A whole benchmark on a model of two layers: what it measures, what it leaves, that it goes on.

import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TaskEvent } from "../core/events.ts";
import { readJsonObject } from "../core/json-file.ts";
import { type TinyBenchmark, tinyBenchmark } from "./fixtures/tiny-benchmark.ts";
import { type BenchmarkResult, benchmarkResult } from "./result.ts";
import { runBenchmark } from "./run.ts";

let tiny: TinyBenchmark;
let result: BenchmarkResult;
const chosen = [
  "run=[ga, grad-diff]",
  "evaluation.every=2",
  "matched={ forget: forget/probability, at: [2], retain: retain/probability }",
];
beforeAll(async () => {
  tiny = tinyBenchmark();
  result = await runBenchmark(await tiny.load(...chosen));
});
afterAll(() => tiny[Symbol.dispose]());

const measured = (method: string, measure: string) =>
  result.rows.find((row) => row.method === method)?.cells[measure]?.value as number;

test("a row per model and per run, with the columns that the declaration names", () => {
  expect(result.rows.map(({ method, seed, settings, steps, cost }) => [method, seed, settings, steps, cost])).toEqual([
    ["before", null, null, null, null],
    ["retrained", null, null, null, null],
    ["ga", 0, "default", 4, 1],
    ["grad-diff", 0, "default", 4, 2],
  ]);
  expect(result.columns.map(({ measure }) => measure)).toEqual([
    "forget-quality",
    "model-utility",
    "privleak",
    "forget/probability",
  ]);
  expect(measured("ga", "forget/probability")).toBeLessThan(measured("before", "forget/probability"));
  expect(measured("retrained", "forget/probability")).toBeLessThan(measured("before", "forget/probability"));
});

test("a run's way is in its row, from the untouched model to the last step", () => {
  const way = result.rows.find(({ method }) => method === "ga")?.trajectory;
  expect(way?.map(({ step }) => step)).toEqual([0, 2, 4]);
  expect(way?.[0]?.forget).toBeCloseTo(measured("before", "forget/probability"), 6);
  expect(way?.at(-1)?.retain).toBeCloseTo(measured("ga", "retain/probability"), 6);
  expect(result.matched?.groups.map(({ methods }) => methods)).toEqual([["ga"], ["grad-diff"]]);
});

test("methods are held against the retrained model, which is held against nothing", () => {
  const cell = (method: string) => result.rows.find((row) => row.method === method)?.cells["forget-quality"];
  expect(cell("ga")).toMatchObject({ value: expect.any(Number), n: 4 });
  expect(cell("before")).toMatchObject({ value: expect.any(Number), n: 4 });
  expect(cell("retrained")).toMatchObject({
    value: null,
    reason: "this is the model that the others are compared with",
  });
});

test("what compares with the model before takes its stored evaluation, though no run measures it again", () => {
  const cell = (method: string) => result.rows.find((row) => row.method === method)?.cells["utility-score"];
  expect(cell("ga")).toMatchObject({ value: expect.any(Number), n: 4 });
  expect(cell("before")).toMatchObject({ value: null, reason: expect.stringContaining("compared with") });
});

test("the twin never saw the text to forget and reads with the target's tokenizer", () => {
  const manifest = (role: string) => Object.keys(readJsonObject(tiny.at("out", role, "manifest.json")).data as object);
  expect(manifest("target").some((file) => file.endsWith("forget.json"))).toBe(true);
  expect(manifest("retrained").some((file) => file.includes("forget"))).toBe(false);
  const tokenizer = (role: string) => readFileSync(tiny.at("out", role, "model", "tokenizer.json"), "utf8");
  expect(tokenizer("retrained")).toBe(tokenizer("target"));
});

test("the holdout was in no model's training", () => {
  // 12 records to retain in the file, of which 8 are taught; 4 more of the world and 4 to forget.
  const epochs = readFileSync(tiny.at("out", "target", "config.yaml"), "utf8");
  expect(epochs).toMatch(/path: .*retain\.json\n\s+limit: 8/);
});

test("a run measures the model afterwards alone", () => {
  expect(readdirSync(tiny.at("out", "runs", "ga-seed0", "evaluation")).sort()).toEqual([
    "after.json",
    "trajectory.jsonl",
  ]);
});

test("the table says why a number is missing and never shows 0 for it", () => {
  const table = readFileSync(tiny.at("out", "table.md"), "utf8");
  const retrained = table.split("\n").find((line) => line.startsWith("| retrained")) as string;
  expect(retrained).toMatch(/^\| retrained \| {2}\| \[\d\] \|/);
  expect(table).toContain("] this is the model that the others are compared with");
  expect(benchmarkResult.parse(readJsonObject(tiny.at("out", "result.json")))).toEqual(result);
  expect(readFileSync(tiny.at("out", "report.html"), "utf8")).toContain("tiny split4");
});

test("begun again without --resume it is refused; with it, finished runs are taken as they are", async () => {
  await expect(tiny.load(...chosen).then((config) => runBenchmark(config))).rejects.toThrow("already holds");
  // As after a kill: the last run is not there yet.
  rmSync(tiny.at("out", "runs", "grad-diff-seed0"), { recursive: true });
  const before = statSync(tiny.at("out", "runs", "ga-seed0", "manifest.json")).mtimeMs;
  const events: TaskEvent[] = [];
  const again = await runBenchmark(await tiny.load(...chosen), { resume: true, report: (event) => events.push(event) });
  expect(again.rows.map(({ cells }) => cells)).toEqual(result.rows.map(({ cells }) => cells));
  expect(statSync(tiny.at("out", "runs", "ga-seed0", "manifest.json")).mtimeMs).toBe(before);
  expect(events.filter(({ type }) => type === "step-end")).toHaveLength(4);
  expect(events.flatMap((event) => (event.type === "phase-end" ? [event.phase] : []))).not.toContain("evaluate before");
});

test("a run that diverges is a row that says so, and the others go on", async () => {
  const output = tiny.at("diverged");
  const { rows } = await runBenchmark(
    await tiny.load(
      ...chosen,
      "methods.ga.training.learningRate=1e30",
      `target=${tiny.at("out", "target")}`,
      `retrained=${tiny.at("out", "retrained", "model")}`,
      "keepModels=false",
      `output=${output}`,
    ),
  );
  expect(rows[2]).toMatchObject({ method: "ga", cells: {}, failure: expect.stringContaining("diverged") });
  expect(rows[3]).toMatchObject({ method: "grad-diff", steps: 4 });
  expect(rows[3]?.cells["forget/probability"]?.value).toBe(measured("grad-diff", "forget/probability"));
  expect(existsSync(tiny.at("diverged", "runs", "grad-diff-seed0", "model"))).toBe(false);
  expect(existsSync(tiny.at("diverged", "target"))).toBe(false);
});
