// Scope `offset`: whole runs with tiny models, in process.

import { readFileSync } from "node:fs";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyLlama } from "../../models/fixtures/tiny-llama.ts";
import { openOffset } from "../../steering/index.ts";
import { type TrainConfig, trainConfig } from "../config.ts";
import { context, type TaughtModel, taughtModel } from "../fixtures/taught-model.ts";
import { teach } from "../teach.ts";
import { unlearn } from "../unlearn.ts";

let taught: TaughtModel;

beforeAll(async () => {
  taught = await taughtModel();
  const { at } = taught;
  const small = {
    model: { init: "random", config: { ...tinyLlama, num_hidden_layers: 1 }, tokenizer: at("taught", "model") },
    data: [at("forget.jsonl"), at("retain.jsonl")],
    training: { steps: 30, batchSize: 4, learningRate: 0.01 },
    output: at("small"),
  };
  await teach(trainConfig.parse(small) as TrainConfig, "", context());
});
afterAll(() => taught[Symbol.dispose]());

const offset = (change: object = {}) => ({ name: "offset", small: taught.at("small", "model"), ...change });

test("a run trains the small model alone and leaves an offset that says what it belongs to", async () => {
  const { at, forgetting } = taught;
  const bytes = () => readFileSync(at("taught", "model", "model.safetensors"));
  const before = bytes();
  await unlearn(forgetting({ objective: "grad-diff", scope: offset(), output: at("run") }), "", context());
  expect(bytes().equals(before)).toBe(true);
  const found = openOffset(at("run"));
  expect(found.alpha).toBe(1);
  expect(readdirSync(at("run"))).not.toContain("logits");
  expect(readFileSync(join(found.tuned, "model.safetensors"))).not.toEqual(
    readFileSync(at("small", "model", "model.safetensors")),
  );
});
