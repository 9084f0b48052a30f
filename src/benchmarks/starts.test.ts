// A benchmark with further models by name and two seeds of start models: what each run begins with, and what it is held against.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readJsonObject } from "../core/json-file.ts";
import { type TinyBenchmark, tinyBenchmark } from "./fixtures/tiny-benchmark.ts";
import { planModels } from "./model-plan.ts";
import { renderBenchmarkPage } from "./page.ts";
import type { BenchmarkResult } from "./result.ts";
import { runBenchmark } from "./run.ts";
import { namedSets } from "./sets.ts";

const models = {
  base: { data: ["world"], teach: { model: { tokenizer: { vocabularySize: 310 } }, training: { steps: 2 } } },
  idle: { data: ["world"] },
};
const overrides = [
  "run=[ga, held, asking]",
  "startSeeds=2",
  "teach.training.steps=15",
  `models=${JSON.stringify(models)}`,
  // The target is low-rank matrices on a base model, which unlearning moves on.
  'target={ data: [retain, world, forget], teach: { model: "model:base", scope: { name: lora, rank: 2 } } }',
  'retrained={ data: [retain, world], teach: { model: "model:base", scope: { name: lora, rank: 2 } } }',
  "unlearn.model=model:base",
  "unlearn.adapter=adapter:target",
  "unlearn.scope=adapter",
  "boundary={ kept: retain, forgotten: forget, metric: probability, bins: 2 }",
  'methods.asking={ objective: { name: adversarial-label, model: "model:base" } }',
  'evaluation.judges={ language: { model: "model:base" } }',
  "methods.held={ objective: { name: grad-diff }, retain: world }",
];

let tiny: TinyBenchmark;
let result: BenchmarkResult;
beforeAll(async () => {
  tiny = tinyBenchmark();
  result = await runBenchmark(await tiny.load(...overrides));
});
afterAll(() => tiny[Symbol.dispose]());

const config = (...parts: string[]) => readFileSync(tiny.at("out", ...parts, "config.yaml"), "utf8");

test("every start has its own models and twin, and every run begins with one of them", () => {
  expect(result.rows.map(({ method, seed, start }) => [method, seed, start])).toEqual([
    ["before", null, 0],
    ["retrained", null, 0],
    ["before", null, 1],
    ["retrained", null, 1],
    ["ga", 0, 0],
    ["held", 0, 0],
    ["asking", 0, 0],
    ["ga", 1, 1],
    ["held", 1, 1],
    ["asking", 1, 1],
  ]);
  const probability = (i: number) => result.rows[i]?.cells["forget/probability"]?.value;
  expect(new Set([0, 1, 2, 3].map(probability)).size).toBe(4);
  expect(config("runs", "ga-seed1")).toContain("start1/models/base/model");
});

test("a named model is taught as its own settings say over the common ones, with the start's seed, and only where it is needed", () => {
  expect(config("start1", "models", "base")).toMatch(/vocabularySize: 310[\s\S]*steps: 2[\s\S]*seed: 1/);
  expect(config("start0", "models", "base")).toMatch(/hidden_size[\s\S]*learningRate: 0.01[\s\S]*seed: 0/);
  expect(existsSync(tiny.at("out", "start0", "models", "idle"))).toBe(false);
});

test("a target that is an adapter begins unlearning as an adapter: its base stays as it is", () => {
  const text = config("runs", "ga-seed0");
  expect(text).toMatch(/model: .*start0\/models\/base\/model/);
  expect(text).toMatch(/adapter: .*start0\/target\/adapter/);
});

test("a method's settings may name a model, which is that of its own start", () => {
  expect(config("runs", "asking-seed1")).toMatch(/model: .*start1\/models\/base\/model\n(?:.*\n)*\s+retainWeight/);
});

test("the evaluation may name a model, which is that of the run's start", () => {
  for (const start of [0, 1])
    expect(config("runs", `ga-seed${start}`)).toMatch(new RegExp(`language:\\s+model: .*start${start}/models/base`));
});

test("a method may name text of its own to keep", () => {
  expect(config("runs", "held-seed0")).toContain("world_perturbed.json");
  expect(config("runs", "ga-seed0").split("evaluation:")[0]).not.toContain("world_perturbed.json");
});

test("the page draws each method's boundary between the model before and the retrained one, as means over the starts", () => {
  expect(result.boundary?.bins).toMatchObject([{ measure: "boundary-1", n: 6 }]);
  for (const row of result.rows) expect(row.cells["boundary-1"]?.n).toBe(6);
  const page = renderBenchmarkPage(result);
  const told = [...page.matchAll(/from far to near: before ([\d.]+); retrained [\d.]+; (ga|held|asking) [\d.]+\./g)];
  expect(told.map(([, , method]) => method)).toEqual(["ga", "held", "asking"]);
  const before = [0, 2].map((i) => result.rows[i]?.cells["boundary-1"]?.value as number);
  expect(Number(told[0]?.[1])).toBeCloseTo(((before[0] as number) + (before[1] as number)) / 2, 3);
});

test("runs are held against the twin of the model that they began with", () => {
  const reference = (seed: number) =>
    readJsonObject(tiny.at("out", "runs", `ga-seed${seed}`, "evaluation", "after.json")).summary as Record<
      string,
      { reference: string }
    >;
  expect(reference(0)["forget-quality"]?.reference).toContain("start0");
  expect(reference(1)["forget-quality"]?.reference).toContain("start1");
});

test("finished models may be one per start", async () => {
  const { value } = await tiny.load(
    "startSeeds=2",
    "teach.training.steps=15",
    "target=else/start{start}/target",
    "retrained=else/start{start}/twin",
  );
  const { found, paths, taught } = planModels(value, namedSets(value, tiny.at()), { start: 1 });
  expect(found).toEqual(["else/start1/target", "else/start1/twin"]);
  expect(paths.get("target")?.adapter).toBe(join("else/start1/target", "adapter"));
  expect(taught).toEqual([]);
});

test("a name that no model has, and models that begin with each other, are refused before anything is made", async () => {
  const plan = async (...more: string[]) => {
    const { value } = await tiny.load(...overrides, ...more);
    return planModels(value, namedSets(value, tiny.at()), { start: 0 });
  };
  await expect(plan("unlearn.model=model:bas")).rejects.toMatchObject({
    message: 'there is no model "bas"',
    hint: expect.stringContaining('"base"'),
  });
  await expect(plan("models.base.teach.model=model:target")).rejects.toThrow("begins with itself");
  await expect(plan("models.base.teach.training.learnRate=1")).rejects.toMatchObject({
    message: expect.stringContaining("models.base"),
    place: { key: "models.base.teach.training.learnRate" },
  });
  await expect(plan("models.target={ data: world }")).rejects.toThrow("stands for the benchmark's own");
  await expect(plan("unlearn.adapter=adapter:base")).rejects.toMatchObject({
    message: 'model "base" is taught whole and leaves no adapter',
    place: { key: "unlearn.adapter" },
  });
  await expect(plan("target=else/start{start}/model")).rejects.toThrow("there is no else/start0/model/adapter");
  expect((await plan("unlearn.model=nowhere/base")).found).toEqual(["nowhere/base"]);
});

test("several starts from one and the same finished model are refused: their spread would be nothing", async () => {
  const plan = async (...more: string[]) => {
    const { value } = await tiny.load("teach.training.steps=15", ...more);
    return planModels(value, namedSets(value, tiny.at()), { start: 0 });
  };
  await expect(plan("startSeeds=2", "target=else/model")).rejects.toMatchObject({
    message: "startSeeds asks for 2 start models, and target names one",
    hint: expect.stringContaining("startSeeds=1"),
    place: { key: "target" },
  });
  await expect(plan("startSeeds=2", "retrained=else/twin")).rejects.toMatchObject({ place: { key: "retrained" } });
  expect((await plan("target=else/model", "retrained=else/twin")).found).toEqual(["else/model", "else/twin"]);
});
