// Measures a training step as a share of the machine's matrix-product peak: random weights, random tokens, every position labelled.
// Counts only the floating-point operations that cannot be left out, so that tricks and overheads show.

import { createRandom } from "../core/random.ts";
import { initialiseModel } from "../models/load.ts";
import { addLora, selectModules } from "../models/lora.ts";
import { type Model, parameterCount, weightOf } from "../models/model.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import type { Backend } from "../runtime/backend.ts";
import { createAdamW } from "./adamw.ts";
import type { Loss } from "./loss.ts";
import { assembleLossBatch } from "./loss-batch.ts";
import { createParameterStore } from "./parameters.ts";
import { lossAndGradients } from "./step.ts";

export interface TrainStepCase {
  readonly name: string;
  /** config.json fields. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly mode: "full" | "lora";
  readonly batch: number;
  readonly seq: number;
}

export interface TrainStepMeasure {
  readonly name: string;
  /** Scalars of the model, tied weights once, LoRA left out. */
  readonly parameters: number;
  readonly mode: "full" | "lora";
  readonly tokensPerSecond: number;
  /** Needed floating-point operations per second, in 10⁹. */
  readonly gflops: number;
  readonly peakRssMb: number;
}

const loraRank = 8;

const decoder = (hidden: number, layers: number, heads: number, intermediate: number) => ({
  model_type: "llama",
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: heads,
  intermediate_size: intermediate,
  vocab_size: 32_000,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
});

/** The models that `lethe bench train-step` measures. */
export const trainStepCases: readonly TrainStepCase[] = [
  { name: "15m-full", config: decoder(288, 6, 6, 768), mode: "full", batch: 8, seq: 128 },
  { name: "15m-lora-r8", config: decoder(288, 6, 6, 768), mode: "lora", batch: 8, seq: 128 },
  { name: "110m-full", config: decoder(768, 12, 12, 2048), mode: "full", batch: 4, seq: 256 },
  { name: "110m-lora-r8", config: decoder(768, 12, 12, 2048), mode: "lora", batch: 4, seq: 256 },
];

/**
 * Floating-point operations of the linear layers that a step needs: forward 2 per weight and token, backward to inputs 2, to trained
 * weights 2; backward to inputs stops below the lowest trained weight; every token is labelled.
 */
export function neededFlops(model: Model, tokens: number): number {
  const modules = selectModules(model, { targets: "all-linear" });
  const output = model.config.vocabularySize * model.config.hiddenSize;
  const base = modules.reduce((sum, module) => sum + sizeOf(model, `${module}.weight`), 0) + output;
  if (model.lora.size === 0) return 6 * base * tokens;
  const firstBlock = model.architecture.prefix.block(0);
  const first = modules.filter((module) => module.startsWith(firstBlock) && /[qkv]_proj$/.test(module));
  const unneeded = first.reduce((sum, module) => sum + sizeOf(model, `${module}.weight`), 0);
  const adapters = [...model.lora].reduce(
    (sum, [module, { rank }]) =>
      sum + rank * (weightOf(model, `${module}.weight`).shape as number[]).reduce((a, b) => a + b, 0),
    0,
  );
  return (4 * base - 2 * unneeded + 6 * adapters) * tokens;
}

const sizeOf = (model: Model, name: string) => weightOf(model, name).shape.reduce((a, b) => a * b, 1);

const descent: Loss = {
  name: "descent",
  branches: ["forget"],
  terms: ({ forget }) => ({ loss: forget.meanNll(), terms: {} }),
};

/** Median of `steps` steps after two warm-up steps. */
export async function measureTrainStep(
  backend: Backend,
  { name, config, mode, batch, seq }: TrainStepCase,
  { steps, signal }: { steps: number; signal?: AbortSignal | undefined },
): Promise<TrainStepMeasure> {
  using model = initialiseModel(config, backend, createRandom(1), name);
  const parameters = parameterCount(model);
  const targets = { rank: loraRank, alpha: 2 * loraRank, targets: "all-linear" } as const;
  const trainable = mode === "lora" ? addLora(model, targets, createRandom(2)) : [...model.weights.keys()];
  using store = await createParameterStore(model, trainable);
  const optimiser = createAdamW(backend, store, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 });
  const runner = createStageRunner(model, { trainable: new Set(store.names), gradients: store.gradients });
  const random = createRandom(3);
  const vocabulary = model.config.vocabularySize;
  const draw = () => Int32Array.from({ length: seq }, () => random.integer(vocabulary));
  const items = Array.from({ length: batch }, (_, index) => ({ index, example: { ids: draw(), labels: draw() } }));
  const tokens = batch * seq;
  const flops = neededFlops(model, tokens);

  const seconds: number[] = [];
  for (let step = -2; step < steps; step++) {
    signal?.throwIfAborted();
    const started = performance.now();
    runner.startStep();
    await lossAndGradients(runner, descent, assembleLossBatch({ forget: items }, seq), undefined, signal);
    await optimiser.step(1e-4, { clipNorm: 1 });
    if (step >= 0) seconds.push((performance.now() - started) / 1000);
  }
  const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)] as number;
  return {
    name,
    parameters,
    mode,
    tokensPerSecond: tokens / median,
    gflops: flops / median / 1e9,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
}
