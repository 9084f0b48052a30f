// Every objective on a whole tiny model with another model as its reference: ONNX Runtime against the float64 reference backend,
// the rows at once and in chunks.

import { afterAll, expect, test } from "vitest";
import { createRandom } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import { initialiseModel } from "../../models/load.ts";
import { weightOf } from "../../models/model.ts";
import { createStageRunner } from "../../models/stage-runner.ts";
import type { Backend } from "../../runtime/backend.ts";
import { createOrtBackend } from "../../runtime/ort/index.ts";
import { createReferenceBackend } from "../../runtime/reference/index.ts";
import type { BranchName } from "../../training/loss.ts";
import { assembleLossBatch } from "../../training/loss-batch.ts";
import { examplesFor } from "../../training/loss-examples.ts";
import { computeReference } from "../../training/reference.ts";
import { lossAndGradients } from "../../training/step.ts";
import { objectives } from "./index.ts";

const ort = await createOrtBackend({ device: "cpu" });
const exact = createReferenceBackend();
afterAll(() => ort.dispose());

const config = {
  model_type: "llama",
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  vocab_size: 30,
  max_position_embeddings: 32,
  initializer_range: 0.2,
};

/** Four sequences with 52 labelled rows: two chunks of 32. */
const sequences = (salt: number): Sequence[] =>
  Array.from({ length: 4 }, (_, i) => {
    const tokens = Array.from({ length: 13 + (i % 3) }, (_, t) => 1 + ((salt * 5 + 7 * i + 3 * t * t) % 29));
    return { ids: Int32Array.from(tokens.slice(0, -1)), labels: Int32Array.from(tokens.slice(1)) };
  });
const examples: Record<BranchName, Sequence[]> = {
  forget: sequences(1),
  alternate: sequences(2),
  retain: sequences(3),
  retainAlternate: sequences(4),
};
const oneChunk = 128 * 4 * config.vocab_size;
const manyChunks = 32 * 4 * config.vocab_size;

async function lossAndGradient(backend: Backend, name: string, options: object, logitsBytes: number) {
  using model = initialiseModel(config, backend, createRandom(1));
  using frozen = initialiseModel(config, backend, createRandom(2));
  const objective = await objectives.get(name);
  const loss = objective.loss(objective.options.parse(options) as object, createRandom(3));
  const own = examplesFor(
    loss,
    Object.fromEntries(loss.branches.map((branch) => [branch, examples[branch]])),
    model.config.maxPositions,
  );
  const padding = { padTo: loss.padTo, padId: 1 };
  using reference = await computeReference(frozen, loss, own, { padding });
  const names = [...model.weights.keys()];
  const gradients = new Map(names.map((weight) => [weight, backend.allocate(weightOf(model, weight).shape)]));
  const runner = createStageRunner(model, { trainable: new Set(names), gradients, logitsBytes });
  const items = loss.branches.map(
    (branch) => [branch, (own[branch] as Sequence[]).map((example, index) => ({ example, index }))] as const,
  );
  const value = await lossAndGradients(
    runner,
    loss,
    assembleLossBatch(Object.fromEntries(items), undefined, padding),
    reference,
  );
  const found: Record<string, Float64Array> = {};
  for (const [weight, gradient] of gradients) {
    found[weight] = Float64Array.from((await backend.read(gradient)) as Float32Array);
    gradient.dispose();
  }
  return { loss: value.loss, gradients: found };
}

type Found = Awaited<ReturnType<typeof lossAndGradient>>;

/** Worst difference of a gradient as a share of the largest number in it. */
function worstDifference(a: Found, b: Found): number {
  let worst = 0;
  for (const [name, values] of Object.entries(a.gradients)) {
    const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
    values.forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - (b.gradients[name]?.[i] as number)) / scale);
    });
  }
  return worst;
}

/** Every objective, with the retain terms that it offers. */
const cases: (readonly [name: string, options: object])[] = [
  ...objectives.names().map((name) => [name, {}] as const),
  ["grad-diff", { retain: "kl" }],
  ["npo", { retain: "kl" }],
  ["npo", { retain: { nll: 1, kl: 0.5, embedding: 10 }, layer: 0 }],
  ["simnpo", { beta: 2.5, delta: 1, forgetWeight: 1 }],
  ["ga-kl", { peer: true }],
  ["undial", { peer: true, retainWeight: 1 }],
  ["memorise", { retainWeight: 2, retain: "nll" }],
  ["me", { direction: "to-uniform" }],
  ["me", { peer: true, paddedLength: 24 }],
  ["pdu", { peer: true, epsilon: 0.5 }],
  ["rmu", { layer: 1 }],
  ["rmu", { peer: true, retain: { embedding: 1, kl: 1 } }],
];

test.each(cases)("%s %j: ONNX Runtime equals the float64 reference, whole and in chunks", async (name, options) => {
  const slow = await lossAndGradient(exact, name, options, oneChunk);
  const size = Object.values(slow.gradients).reduce((sum, values) => sum + Math.hypot(...values), 0);
  expect(size).toBeGreaterThan(1e-3);
  const whole = await lossAndGradient(ort, name, options, oneChunk);
  const chunked = await lossAndGradient(ort, name, options, manyChunks);
  for (const fast of [whole, chunked]) {
    expect(Math.abs(fast.loss - slow.loss) / Math.max(1, Math.abs(slow.loss))).toBeLessThan(1e-4);
    expect(worstDifference(slow, fast)).toBeLessThan(1e-4);
  }
});
