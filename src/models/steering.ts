// What a small model is held against while it steers another one (δ-unlearning, 2404.11045): its logits z′ stand for l_M + α·(z′ − l_Mo), of which only
// z′ moves. Losses, references and measures then see the sum as if it were the model's own. Knows neither where M's logits come from nor who trains.

import type { Value } from "../runtime/backend.ts";
import { add, input, mul, sub, type Tensor } from "../tensor/index.ts";
import type { StageLayout } from "./stage-weights.ts";
import { createStageWeights } from "./stage-weights.ts";
import type { TokenBatch } from "./token-batch.ts";

/** The constant side of some rows, in the order in which they were asked for. */
export interface SteeringRows {
  /** l_M up to a constant per row, [rows, vocabulary]. */
  readonly logits: Float32Array;
  /** Mo behind its final norm, [rows, embeddingSize]: its logits follow by the same product as the trained model's, so that both are equal to the last bit at step 0. */
  readonly hidden: Float32Array;
}

export interface Steering {
  /** α */
  readonly alpha: number;
  /** Mo's output layer. */
  readonly outputWeight: Value;
  /** Of the few models that add one to their logits. */
  readonly outputBias: Value | undefined;
  /** @param rows flat positions in the batch [batch · seq] */
  rows(batch: TokenBatch, rows: Int32Array, signal?: AbortSignal): Promise<SteeringRows>;
}

/** What a program must know of it. */
export interface SteeringLayout {
  readonly alpha: number;
  readonly frozen: StageLayout["weights"];
}

const frozenModule = "frozenOutput";
const names = { logits: "steeredLogits", hidden: "frozenHidden" } as const;

/** Mo's output layer as inputs of the head's programs, and what they look like. */
export function steeringOutput({ alpha, outputWeight, outputBias }: Steering) {
  const inputs: Record<string, Value> = { [`${frozenModule}.weight`]: outputWeight };
  if (outputBias) inputs[`${frozenModule}.bias`] = outputBias;
  const frozen = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }] as const),
  );
  return { inputs, layout: { alpha, frozen } satisfies SteeringLayout };
}

/** The rows' own inputs, by name: numbers per row. */
export const steeringInputs = ({ logits, hidden }: SteeringRows) => ({
  [names.logits]: logits,
  [names.hidden]: hidden,
});

/**
 * l_e = l_M + α·(own − l_Mo).
 * @param own z′ [rows, vocabulary]
 * @param cap what the model does to its raw logits
 */
export function steeredLogits(
  own: Tensor,
  { alpha, frozen }: SteeringLayout,
  embeddingSize: number,
  cap: (raw: Tensor) => Tensor,
): { readonly logits: Tensor; readonly steered: Tensor } {
  const [rows] = own.shape as [number, number];
  const steered = input(names.logits, own.shape); // l_M
  const weights = createStageWeights({ weights: frozen, lora: {} });
  const before = cap(weights.linear(frozenModule, input(names.hidden, [rows, embeddingSize]))); // l_Mo
  return { logits: add(steered, mul(sub(own, before), alpha)), steered };
}
