// A small model that stands for M + α·(Mo′ − Mo): at step 0, under the gradient, and read back from a file.

import { mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { initialiseModel, type Model } from "../models/index.ts";
import { weightOf } from "../models/model.ts";
import type { RowQuantitySpec } from "../models/row-quantities.ts";
import { createStageRunner, type TokenBatch } from "../models/stage-runner.ts";
import type { Backend } from "../runtime/backend.ts";
import { createOrtBackend, createReferenceBackend } from "../runtime/index.ts";
import { createLocalSource } from "./local-source.ts";
import { openLogitStore } from "./logit-store.ts";
import { createSteeredRows } from "./steered-rows.ts";

const folder = mkdtempSync(join(tmpdir(), "lethe-steered-"));
const ort = await createOrtBackend();
afterAll(() => {
  ort.dispose();
  rmSync(folder, { recursive: true });
});

const tiny = {
  model_type: "llama",
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  vocab_size: 30,
  max_position_embeddings: 32,
  tie_word_embeddings: true,
  initializer_range: 0.5,
};
const big = { ...tiny, hidden_size: 16, num_hidden_layers: 2, intermediate_size: 24 };
const newModel = (config: object, backend: Backend, seed: number) =>
  initialiseModel(config, backend, createRandom(seed), `model ${seed}`);

const batch: TokenBatch = {
  ids: Int32Array.from({ length: 3 * 16 }, (_, i) => (7 * i * i + 3) % 30),
  batch: 3,
  seq: 16,
};
const rows = {
  rows: Int32Array.of(2, 3, 9, 16, 20, 31, 40, 41, 47),
  labels: Int32Array.of(4, 29, 0, 7, 7, 12, 3, 28, 15),
};
const quantities: readonly RowQuantitySpec[] = ["nll", "prediction", "kl-from-uniform", "log-probability-variance"];

async function measured(model: Model, asked = quantities) {
  const runner = createStageRunner(model);
  using pass = await runner.forward(batch);
  return await runner.quantities(pass, rows, asked);
}

/** Mo′ that steers M, and what it is made of. */
function pairOf(backend: Backend, alpha: number, config: object = tiny) {
  const [model, frozen, tuned] = [
    newModel(big, backend, 1),
    newModel(config, backend, 2),
    newModel(config, backend, 2),
  ];
  const source = createLocalSource(model);
  return { model, frozen, tuned, steered: { ...tuned, steering: createSteeredRows({ source, frozen, alpha }) } };
}

/** Changes Mo′. */
async function move({ weights, backend }: Model, by: number): Promise<void> {
  for (const [name, value] of weights) {
    const data = (await backend.read(value)) as Float32Array;
    weights.set(
      name,
      backend.value(data.map((x, i) => x + by * Math.sin(i + name.length)) as Float32Array, value.shape),
    );
  }
}

test.each([0.5, 1, 2])("before the first step the ensemble is M to the last bit, whatever α: %d", async (alpha) => {
  const { model, steered } = pairOf(ort, alpha);
  expect(await measured(steered)).toEqual(await measured(model));
  const divergence = await measured(steered, ["kl-to-reference"]);
  for (const x of divergence["kl-to-reference"] as Float32Array) expect(Math.abs(x)).toBeLessThan(1e-6);
});

test("a small model with a wider, padded vocabulary steers as one of M's width does", async () => {
  const { model, steered } = pairOf(ort, 1, { ...tiny, vocab_size: 32 });
  const [own, sum] = [await measured(model, ["nll", "prediction"]), await measured(steered, ["nll", "prediction"])];
  expect(sum).toEqual(own);
});

test("what has moved in Mo′ is added to M's logits, α times", async () => {
  const { model, frozen, tuned, steered } = pairOf(ort, 1.5);
  await move(tuned, 0.05);
  const logits = async (of: Model) => {
    const runner = createStageRunner(of);
    using pass = await runner.forward(batch);
    return await runner.logitRows(pass, rows.rows);
  };
  const [m, before, after] = [await logits(model), await logits(frozen), await logits(tuned)];
  const sum = m.map((x, i) => x + 1.5 * ((after[i] as number) - (before[i] as number)));
  const nll = (await measured(steered, ["nll"])).nll as Float32Array;
  nll.forEach((found, row) => {
    const own = sum.subarray(row * 30, (row + 1) * 30);
    const normaliser = Math.log(own.reduce((total, x) => total + Math.exp(x), 0));
    expect(found).toBeCloseTo(normaliser - (own[rows.labels[row] as number] as number), 4);
  });
});

test("the same places of another text have the other text's rows", async () => {
  const { steered } = pairOf(ort, 1);
  const other: TokenBatch = { ...batch, ids: batch.ids.map((id) => (id + 1) % 30) };
  const on = async (runner: ReturnType<typeof createStageRunner>, text: TokenBatch) => {
    using pass = await runner.forward(text);
    return (await runner.quantities(pass, rows, ["nll"])).nll;
  };
  const runner = createStageRunner(steered);
  const first = await on(runner, batch);
  const second = await on(runner, other);
  expect(second).toEqual(await on(createStageRunner(steered), other));
  expect(second).not.toEqual(first);
});

test("the gradient of Mo′'s every weight, through the ensemble, agrees with finite differences; α scales it", async () => {
  const backend = createReferenceBackend();
  const gradientsAt = async (alpha: number) => {
    const { tuned, steered } = pairOf(backend, alpha);
    await move(tuned, 0.05);
    const gradients = new Map([...tuned.weights].map(([name, value]) => [name, backend.allocate(value.shape)]));
    const runner = createStageRunner(steered, { trainable: new Set(tuned.weights.keys()), gradients });
    using pass = await runner.forward(batch, { train: true });
    const cotangents = { nll: new Float32Array(rows.rows.length).fill(1) };
    await runner.backward(pass, [{ rows, quantities: ["nll"], cotangents }]);
    return { tuned, steered, gradients };
  };
  const { tuned, steered, gradients } = await gradientsAt(1.5);
  const lossNow = async () => ((await measured(steered, ["nll"])).nll as Float32Array).reduce((a, b) => a + b, 0);
  for (const [name, gradient] of gradients) {
    const found = (await backend.read(gradient)) as Float64Array;
    const at = found.reduce((best, g, i) => (Math.abs(g) > Math.abs(found[best] as number) ? i : best), 0);
    const value = weightOf(tuned, name);
    const data = Float64Array.from((await backend.read(value)) as Float64Array);
    const moved = async (delta: number) => {
      const changed = data.slice();
      changed[at] = (changed[at] as number) + delta;
      tuned.weights.set(name, backend.value(changed, value.shape));
      return lossNow();
    };
    const slope = ((await moved(1e-3)) - (await moved(-1e-3))) / 2e-3;
    tuned.weights.set(name, value);
    expect(Math.abs(slope - (found[at] as number)), name).toBeLessThan(2e-3 + Math.abs(slope) / 500);
  }
});

test("kept rows are asked for once, give M's numbers as far as float16 does, and a file cut off goes on behind its last whole row", async () => {
  const { model, frozen, tuned } = pairOf(ort, 1);
  const asked: number[] = [];
  const local = createLocalSource(model);
  const source: typeof local = {
    ...local,
    rows: async (texts, signal) => {
      asked.push(texts.reduce((sum, { positions }) => sum + positions.length, 0));
      return local.rows(texts, signal);
    },
  };
  const identity = { model: "m", frozen: "mo", vocabularySize: 30, hiddenSize: 8 };
  const text = [{ tokens: batch, rows: rows.rows }];
  let path = "";
  {
    using store = openLogitStore(folder, identity);
    const steering = createSteeredRows({ source, frozen, alpha: 1, store: () => store });
    expect(steering.missing([...text, ...text])).toBe(9);
    await steering.keep(text);
    expect([steering.missing(text), store.size, asked.splice(0)]).toEqual([0, 9, [9]]);
    const nll = (await measured({ ...tuned, steering }, ["nll"])).nll as Float32Array;
    const own = (await measured(model, ["nll"])).nll as Float32Array;
    nll.forEach((x, i) => {
      expect(Math.abs(x - (own[i] as number))).toBeLessThan(0.01);
    });
    expect(asked).toEqual([]);
    expect(() => openLogitStore(folder, identity)).toThrow(/in use|another process|holds/);
    expect(() => store.reserve(1e15)).toThrow("do not fit on the disk");
    path = store.path;
  }
  expect(statSync(path).size).toBe(9 * (16 + 60 + 32));
  truncateSync(path, statSync(path).size - 20);
  using again = openLogitStore(folder, identity);
  const steering = createSteeredRows({ source, frozen, alpha: 1, store: () => again });
  expect([again.size, steering.missing(text)]).toEqual([8, 1]);
  await steering.keep(text);
  expect([again.size, asked]).toEqual([9, [1]]);
  using other = openLogitStore(folder, { ...identity, model: "another" });
  expect(other.size).toBe(0);
});
