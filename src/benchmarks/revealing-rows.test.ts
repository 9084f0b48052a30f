import { expect, test } from "vitest";
import { loadBenchmark } from "./declaration.ts";
import { chooseMethods } from "./methods.ts";
import type { Given } from "./needs.ts";
import type { BenchmarkConfig } from "./options.ts";
import { namedSets } from "./sets.ts";

const plainText: Given = {
  forget: { questions: false, alternates: false },
  retain: { questions: false, alternates: false },
  refusals: false,
};

const runsOf = async (methods: BenchmarkConfig["methods"]) => {
  const { value } = await loadBenchmark("reveal");
  const config = { ...value, run: ["random" as const], methods: { ...value.methods, ...methods } };
  const { methods: chosen } = await chooseMethods(config, namedSets(config, "data"), plainText);
  return chosen.map(({ run }) => run({ model: "m", seed: 0, output: "o", evaluation: value.evaluation }).value);
};

test("the facts that a row is held against are the benchmark's sets by name", async () => {
  const source = { name: "revealed", description: "people", truth: ["unlearn-val"] };
  const [run] = await runsOf({ random: { objective: { name: "memorise" }, forget: false, source } });
  expect(run?.source).toMatchObject({ truth: [{ path: "data/unlearn_val.json" }] });
  const wrong = { ...source, truth: ["unlearn-vla"] };
  await expect(runsOf({ random: { objective: { name: "memorise" }, forget: false, source: wrong } })).rejects.toThrow(
    /there is no set "unlearn-vla"/,
  );
});

test("a row that reveals is given no text to forget, plain text there or not, and is held against what it was not given", async () => {
  const { value } = await loadBenchmark("toxicity");
  const { methods } = await chooseMethods(value, namedSets(value, "data"), plainText);
  const paths = new Map(["judge", "target"].map((name) => [name, { model: `m/${name}`, adapter: `a/${name}` }]));
  const configs = Object.fromEntries(
    methods.map(({ label, run }) => {
      const to = { model: "m/target", seed: 0, output: "o", evaluation: value.evaluation, paths };
      return [label, run(to).value];
    }),
  );
  expect(configs.given?.forget).toMatchObject([{ path: "data/hatecheck/test_suite_cases.csv", split: "hateful" }]);
  for (const label of ["revealed", "revealed-once", "revealed-random", "described"]) {
    expect(configs[label]?.forget, label).toBeUndefined();
    expect(configs[label]?.source).toMatchObject({ truth: configs.given?.forget });
  }
  expect(configs.revealed?.source).toMatchObject({ judge: { name: "classifier", model: "m/judge" } });
});
