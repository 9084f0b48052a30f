// The part of a loss that keeps low-rank modules apart: its value and gradient against the formula and finite differences, and what it does to a training.

import { expect, test } from "vitest";
import { silent } from "../core/events.ts";
import type { MetricsLogLine } from "../core/metrics-log.ts";
import { createRandom } from "../core/random.ts";
import type { Sequence } from "../data/batching.ts";
import { initialiseModel } from "../models/load.ts";
import { addLora } from "../models/lora.ts";
import { weightOf } from "../models/model.ts";
import { loraName } from "../models/stage-weights.ts";
import type { Backend, Value } from "../runtime/backend.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { createReferenceBackend } from "../runtime/reference/index.ts";
import { createBatchSupply } from "./batches.ts";
import { fit } from "./fit.ts";
import type { Loss } from "./loss.ts";
import { overlapTerm } from "./weight-term.ts";

const [rank, width] = [2, 5];
const normal = (seed: string, count: number) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** Σ_ij |A_old·A_newᵀ|_ij in float64. */
function overlapOf(old: Float32Array, trained: ArrayLike<number>, columns: number): number {
  let total = 0;
  for (let i = 0; i < old.length; i += columns) {
    for (let j = 0; j < trained.length; j += columns) {
      let product = 0;
      for (let k = 0; k < columns; k++) product += (old[i + k] as number) * (trained[j + k] as number);
      total += Math.abs(product);
    }
  }
  return total;
}

test.each(["reference", "ort"])(
  "on %s, the term is the formula's, and its gradient that of finite differences",
  async (name) => {
    using backend: Backend = name === "ort" ? await createOrtBackend({ device: "cpu" }) : createReferenceBackend();
    const [old, now] = [normal("old", 3 * width), normal("new", rank * width)];
    const start = normal("gradient", now.length);
    using trained = backend.value(Float32Array.from(now), [rank, width]);
    using gradient = backend.value(Float32Array.from(start), [rank, width]);
    const module = { name: "a", trained: () => trained, frozen: old };
    using term = await overlapTerm(backend, [module], 0.5);
    expect(await term.add(new Map([["a", gradient]]))).toBeCloseTo(overlapOf(old, now, width), 4);
    const added = ((await backend.read(gradient)) as Float32Array).map((x, i) => x - (start[i] as number));
    const h = 1e-4;
    added.forEach((slope, i) => {
      const moved = (by: number) => overlapOf(old, Float64Array.from(now).with(i, (now[i] as number) + by), width);
      expect(slope).toBeCloseTo((0.5 * (moved(h) - moved(-h))) / (2 * h), 4);
    });
  },
);

test("a training under it leaves the frozen directions, and its loss and log say what it adds", async () => {
  using backend = await createOrtBackend({ device: "cpu" });
  const config = {
    model_type: "llama",
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 32,
    vocab_size: 30,
    max_position_embeddings: 32,
  };
  const tokens = Int32Array.from({ length: 8 }, (_, t) => 1 + ((7 * t) % 29));
  const sequences: Sequence[] = [{ ids: tokens.slice(0, -1), labels: tokens.slice(1) }];
  const descent: Loss = {
    name: "descent",
    branches: ["forget"],
    terms: ({ forget }) => ({ loss: forget.meanNll(), terms: {} }),
  };
  const trained = async (weight: number) => {
    using model = initialiseModel(config, backend, createRandom(1));
    const trainable = addLora(model, { rank: 2, alpha: 4, targets: ["q_proj"] }, createRandom(2));
    const [module] = model.lora.keys();
    const name = loraName(module as string, "A");
    const frozen = normal("frozen", 3 * 16);
    using term = await overlapTerm(backend, [{ name, trained: () => weightOf(model, name), frozen }], weight);
    const lines: MetricsLogLine[] = [];
    using _ = await fit({
      model,
      trainable,
      loss: descent,
      weightTerm: term,
      batches: createBatchSupply({ forget: sequences }, { batchSize: 1, random: createRandom(3) }),
      schedule: { schedule: "constant", learningRate: 0.01, warmupSteps: 0, totalSteps: 40, finalRatio: 0 },
      adamw: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
      accumulation: 2,
      report: silent,
      afterStep: async (line) => void lines.push(line),
    });
    const a = (await backend.read(weightOf(model, name) as Value)) as Float32Array;
    return { first: lines[0], last: lines.at(-1), overlap: overlapOf(frozen, a, 16) };
  };
  const [without, held] = [await trained(0), await trained(0.5)];
  const before = without.first?.terms.overlap as number;
  expect(held.first?.terms.overlap).toBe(before);
  expect(held.first?.loss).toBeCloseTo((without.first?.loss as number) + 0.5 * before, 5);
  expect(held.overlap).toBeLessThan(0.1 * without.overlap);
  expect(without.overlap).toBeGreaterThan(0.5 * before);
});
