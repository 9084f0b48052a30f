// The benchmarks that ship: every variant is valid, names sets and methods that there are, and measures what its table shows.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { objectives } from "../unlearning/index.ts";
import { checkColumns } from "./columns.ts";
import { loadBenchmark, shippedBenchmarks } from "./declaration.ts";
import { laidOver } from "./laid-over.ts";
import { chooseMethods } from "./methods.ts";
import { planModels } from "./model-plan.ts";
import type { Given } from "./needs.ts";
import type { BenchmarkConfig } from "./options.ts";
import { namedSets } from "./sets.ts";

const questions = { questions: true, alternates: false };
const ofQuestions = ({ unlearn }: Pick<BenchmarkConfig, "unlearn">): Given => ({
  forget: questions,
  retain: "retain" in unlearn ? questions : undefined,
  refusals: "refusals" in unlearn,
});

const variants = shippedBenchmarks().flatMap((name) => {
  const text = readFileSync(new URL(`../../benchmarks/${name}/${name}.yaml`, import.meta.url), "utf8");
  const declared = parse(text) as { variants?: object };
  return Object.keys(declared.variants ?? {}).map((variant) => [name, variant] as const);
});

describe.each(variants)("%s, variant %s", (name, variant) => {
  const load = () => loadBenchmark(name, [`variant=${variant}`]);

  test("every set that something names is declared, every model can be made", async () => {
    const { value } = await load();
    const sets = namedSets(value, "data");
    const evaluation = sets.evaluation(value.evaluation);
    for (const names of [...(value.folds ?? []), ...Object.values(value.shots)]) sets.sourcesOf(names, "sets");
    for (const shot of Object.keys(value.shots)) expect(Object.keys(evaluation.sets)).toContain(shot);
    const { found, taught } = planModels(value, sets, { start: 0, used: Object.keys(value.models) });
    expect(found.length + taught.length).toBeGreaterThan(0);
  });

  test("every method can be run with its fixed settings, and `all` leaves none out for the benchmark's fault", async () => {
    const { value } = await load();
    const sets = namedSets(value, "data");
    const { methods, leftOut } = await chooseMethods(value, sets, ofQuestions(value));
    expect(methods.length).toBeGreaterThan(3);
    for (const { label } of leftOut) expect(value.methods).not.toHaveProperty(label);
    const known = [...methods, ...leftOut].map(({ label }) => label);
    if (value.run === "all") expect(known).toEqual(expect.arrayContaining(objectives.names()));
    for (const method of methods) {
      const run = { model: "m", seed: 1, output: "o", evaluation: sets.evaluation(value.evaluation) };
      const { value: config } = method.run(run);
      expect(config.seed).toBe(1);
      const fixed = value.methods[method.label]?.training ?? {};
      expect(config.training).toMatchObject(fixed);
    }
  });

  test("every column of its table is something that it measures", async () => {
    const { value } = await load();
    checkColumns(value);
    expect(value.columns?.length).toBeGreaterThan(3);
  });
});

test("TOFU's splits are those of the paper, and what serves as holdout is taught to no model", async () => {
  const sizes = { forget01: [40, 3760], forget05: [200, 3600], forget10: [400, 3400] } as const;
  for (const [variant, [forget, retain]] of Object.entries(sizes)) {
    const { value } = await loadBenchmark("tofu", [`variant=${variant}`]);
    const count = (name: string) =>
      [value.sets[name] ?? []]
        .flat()
        .reduce(
          (sum, { records = 0, skip = 0, limit = Number.POSITIVE_INFINITY }) => sum + Math.min(limit, records - skip),
          0,
        );
    expect([count("forget"), count("retain"), count("holdout")]).toEqual([forget, retain, 200]);
    expect(value.title).toBe(`TOFU ${variant}`);
  }
});

test("a variant that is named alone is laid over those that it names; among several each says its own alone", async () => {
  const { value: alone } = await loadBenchmark("knowundo", ["variant=code-lora"]);
  expect(alone.unlearn).toMatchObject({ adapter: "adapter:target", partners: "in-order" });
  expect(alone.methods["adversarial-label"]).toMatchObject({ objective: { peer: true, model: "model:base" } });
  const { value: copyright } = await loadBenchmark("knowundo", ["variant=[copyright, code]"]);
  expect(copyright.sets["unlearn-val"]).toEqual({
    path: "unlearn_val.json",
    repeat: 1,
    published: { path: "copyright/unlearn.json", split: "val" },
  });
  expect(copyright.encoding).toMatchObject({ separatorIn: "answer", endToken: false, tooLong: "truncate" });
});

test("an override has the last word over the variant, and the variant over what stands for all", async () => {
  const { value } = await loadBenchmark("tofu", ["variant=forget01", "output=elsewhere", "sets.forget.limit=3"]);
  expect(value.output).toBe("elsewhere");
  expect(value.sets.forget).toMatchObject({ path: "forget01.json", records: 40, limit: 3 });
  expect(laidOver({ a: { b: 1, c: [1] }, d: 1 }, { a: { c: [2] }, e: 2 })).toEqual({ a: { b: 1, c: [2] }, d: 1, e: 2 });
});

test("unknown benchmarks, variants, sets and methods are answered with the nearest ones", async () => {
  await expect(loadBenchmark("tofuu")).rejects.toMatchObject({ hint: expect.stringContaining('"tofu"') });
  await expect(loadBenchmark("tofu", ["variant=forget15"])).rejects.toMatchObject({
    hint: expect.stringContaining("forget10"),
  });
  const { value } = await loadBenchmark("tofu");
  const sets = namedSets(value, "data");
  expect(() => sets.sourcesOf("forgot", "unlearn.forget")).toThrow('no set "forgot"');
  await expect(chooseMethods({ ...value, run: ["grad-dif"] }, sets, ofQuestions(value))).rejects.toMatchObject({
    hint: expect.stringContaining("grad-diff"),
  });
});

test("methods take their paper's source and plan; those that lack something are left out, and refused where they are named", async () => {
  const { value } = await loadBenchmark("tofu");
  const sets = namedSets(value, "data");
  const to = { model: "m", seed: 0, output: "o", evaluation: sets.evaluation(value.evaluation) };
  const runs = new Map(
    (await chooseMethods(value, sets, ofQuestions(value))).methods.map((method) => [
      method.label,
      method.run(to).value,
    ]),
  );
  expect(runs.get("altpo")?.source).toMatchObject({ name: "generated" });
  expect(runs.get("altpo")).not.toHaveProperty("refusals");
  expect(runs.get("memorise")?.plan).toBe("negate");
  expect(runs.get("idk")?.refusals).toBe(resolve("data/idontknow.jsonl"));

  const { refusals: _, ...unasked } = value.unlearn;
  const unrefusing = { ...value, unlearn: unasked };
  expect(
    (await chooseMethods(unrefusing, sets, ofQuestions(unrefusing))).leftOut.map(({ label }) => label).sort(),
  ).toEqual(["ap", "dpo", "idk"]);
  const { retain: __, ...alone } = value.unlearn;
  const poor = { ...value, unlearn: alone };
  const { methods, leftOut } = await chooseMethods(poor, sets, ofQuestions(poor));
  expect(methods.map(({ label }) => label)).toContain("ga");
  expect(leftOut).toContainEqual({ label: "grad-diff", reason: "needs text that must stay" });
  const named = chooseMethods({ ...poor, run: ["grad-diff"] }, sets, ofQuestions(poor));
  await expect(named).rejects.toThrow("needs text that must stay");
});

test("methods that answer questions otherwise are left out where there is plain text", async () => {
  const { value } = await loadBenchmark("muse");
  const text = { questions: false, alternates: false };
  const given = { forget: text, retain: text, refusals: true };
  const { leftOut } = await chooseMethods(value, namedSets(value, "data"), given);
  expect(leftOut.map(({ label }) => label).sort()).toEqual(["altpo", "ap", "dpo", "idk"]);
});
