// Configurations that say what cannot be: the key, its place, what was got and what is allowed.

import { afterAll, beforeAll, describe, test } from "vitest";
import { type Expected, expectRefused } from "./fixtures/refusal.ts";
import { createTinyProject, type TinyProject } from "./fixtures/tiny-project.ts";

let project: TinyProject;
beforeAll(async () => {
  project = createTinyProject();
  await project.lethe(["train", "train.yaml", "training.steps=1"]);
});
afterAll(() => project[Symbol.dispose]());

const overrides: [string, Expected][] = [
  ["objectiv=npo", { message: 'override "objectiv=npo": unknown key "objectiv"', do: 'Did you mean "objective"?' }],
  ["training.stpes=3", { message: 'unknown key "stpes" in training', do: 'Did you mean "steps"?' }],
  ["training.steps=many", { message: 'training.steps must be a number, got "many"' }],
  ["training.learningRate=0", { message: "training.learningRate must be more than 0, got 0" }],
  ["device=cuda", { message: 'device is "cuda", which is not one of its values', do: "Valid: cpu, webgpu." }],
  ["=3", { message: 'override "=3" is not of the form key.sub=value', do: "Example: training.steps=100" }],
  ["objective=nop", { message: 'unknown objective "nop"', do: 'Did you mean "npo"?' }],
  ["objective={name: npo, bta: 1}", { message: 'objective "npo": unknown key "bta"', do: 'Did you mean "beta"?' }],
  ["objective={name: npo, beta: -1}", { message: 'objective "npo": beta must be more than 0, got -1' }],
  ["scope=laora", { message: 'unknown scope "laora"', do: 'Did you mean "lora"?' }],
  ["scope={name: lora, targets: [q_poj]}", { message: 'LoRA target "q_poj" names no', do: 'Did you mean "q_proj"?' }],
  ["scope={name: layers, layers: [5]}", { message: "layer 5 is outside the model's 2 layers", do: "0 to 1" }],
  ["evaluation.metrics=[rouge-k]", { message: 'unknown metric "rouge-k"', do: 'Did you mean "rouge-l"' }],
  [
    "evaluation.metrics=[{name: perplexity, includeEnds: 1}]",
    { message: 'metric "perplexity": unknown key "includeEnds"', do: 'Did you mean "includeEnd"?' },
  ],
  ["evaluation.sets.gone.data=none.jsonl", { message: "cannot read none.jsonl" }],
];

describe("an override", () => {
  const sets = "evaluation.sets.gone={data: forget.jsonl, role: forget}";
  test.each(overrides)("%s is refused", async (override, expected) => {
    const line = override.startsWith("evaluation") ? [sets, override] : [override];
    await expectRefused(project, ["unlearn", "unlearn.yaml", ...line], expected);
  });
});

describe("a configuration file", () => {
  test("with several mistakes lists them with their lines", async () => {
    project.write(
      "typos.yaml",
      "model: target/model\nobjectve: npo\nforget: forget.jsonl\ntraining: { stpes: 3 }\noutput: out\n",
    );
    await expectRefused(project, ["unlearn", "typos.yaml"], {
      message: /^error: unknown key "objectve"\nalso:\n {2}typos\.yaml:4: unknown key "stpes" in training/,
      at: "typos.yaml:2 (objectve)",
      do: 'Did you mean "objective"?',
    });
  });

  test("that is not there, is not YAML, or was not given, is said so", async () => {
    await expectRefused(project, ["unlearn", "unlern.yaml"], {
      message: "no configuration at unlern.yaml",
      do: "Did you mean unlearn.yaml?",
    });
    project.write("broken.yaml", "model: [\n");
    await expectRefused(project, ["unlearn", "broken.yaml"], { message: "not valid YAML", at: "broken.yaml:" });
    await expectRefused(project, ["train"], { message: "no configuration is given", do: "--help shows examples" });
    await expectRefused(project, ["eval", "unlearn.yaml", "--model", "target/model"], {
      message: 'missing key "evaluation"',
    });
  });

  test("cannot name a file or a folder of something else as its run folder", async () => {
    const line = (output: string) => ["unlearn", "unlearn.yaml", `output=${output}`];
    await expectRefused(project, line("forget.jsonl"), {
      message: "cannot write forget.jsonl: something of that name",
    });
    await expectRefused(project, line("forget.jsonl/run"), { message: "a part of the path is a file" });
    await expectRefused(project, line("."), { message: ". is not empty and holds no run (", do: "new or empty" });
    await expectRefused(project, [...line("deep/er/run"), "model=./none"], { message: "there is no model folder" });
  });
});
