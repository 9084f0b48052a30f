// Task vectors (2212.04089; methods §2.9): τ = θ_ft − θ_0, what a training did to the weights, and models θ_0 + c·τ. Of LoRA that began fresh the
// vector is the product, ΔW = s·B·A: scaling B scales it, and what is saved stays an adapter. Knows nothing of what was trained, or why.

import { ConfigError } from "../../core/errors.ts";
import { isLoraWeight } from "../../models/lora.ts";
import { type Model, weightOf } from "../../models/model.ts";
import { toFloat32 } from "../../weights/index.ts";

export interface TaskVector {
  /** Writes θ_0 + coefficient·τ into the model: 1 is the trained model, 0 the one before, below 0 is negation. */
  apply(coefficient: number): Promise<void>;
}

/** Copies of the named weights that are no LoRA matrices, float32, by full name. */
export type RememberedWeights = ReadonlyMap<string, Float32Array>;

export async function rememberWeights(model: Model, names: readonly string[]): Promise<RememberedWeights> {
  const weights = new Map<string, Float32Array>();
  for (const name of names) if (!isLoraWeight(name)) weights.set(name, await copyOf(model, name));
  return weights;
}

/** What training adds to LoRA is only known where that was fresh. @throws ConfigError where it was not. */
export async function refuseTaughtLora(model: Model, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (name.endsWith(".lora_B.weight") && (await copyOf(model, name)).some((x) => x !== 0)) throw taughtLora();
  }
}

/** The vector from `before` to the model as it is now, over the weights that may have moved. LoRA among them must have been fresh: B zero. */
export async function taskVector(
  model: Model,
  moved: readonly string[],
  before: RememberedWeights,
): Promise<TaskVector> {
  const parts = new Map<string, { readonly base: Float32Array | undefined; readonly difference: Float32Array }>();
  for (const name of moved) {
    if (name.endsWith(".lora_A.weight")) continue;
    const base = before.get(name);
    const now = await copyOf(model, name);
    parts.set(name, { base, difference: base ? now.map((x, i) => x - (base[i] as number)) : now });
  }
  return {
    async apply(coefficient) {
      for (const [name, { base, difference }] of parts) {
        const weights = difference.map((x, i) => (base?.[i] ?? 0) + coefficient * x);
        await model.backend.write(weightOf(model, name), weights);
      }
    },
  };
}

const taughtLora = () =>
  new ConfigError(
    "what training adds to an adapter is no task vector: only a fresh one, or plain weights, can be negated",
    {
      place: { key: "plan" },
      hint: "Leave scope: adapter out, so that the adapter is merged first, and let all or lora move.",
    },
  );

/** A weight's numbers, [shape] row-major, float32. */
export async function copyOf(model: Model, name: string): Promise<Float32Array> {
  const value = weightOf(model, name);
  return Float32Array.from(toFloat32(await model.backend.read(value), value.dtype));
}
