// LoRA modules trained one after the other beside the same weights: each, when it is done, is taken into the weights, so that the next begins fresh, and
// kept, so that the sum of them is still an adapter over the model as stored. Knows nothing of what they were trained for.

import type { Random } from "../../core/random.ts";
import { freshA, isLoraWeight, mergedWeight } from "../../models/lora.ts";
import { type LoraModule, linearModules, type Model, weightOf } from "../../models/model.ts";
import { loraName } from "../../models/stage-weights.ts";
import type { Value } from "../../runtime/backend.ts";
import { joined } from "./subspaces.ts";
import { copyOf } from "./task-vector.ts";

export interface LoraStack {
  /** Takes the LoRA as it now is into the weights, which become float32, and begins it afresh with A drawn anew. */
  push(random: Random): Promise<void>;
  /** Lends the model as it was stored with all that was pushed beside it, as one LoRA of as many times the rank. */
  lend<T>(use: (model: Model) => Promise<T>): Promise<T>;
  /** Leaves the model so. What was not pushed is gone. */
  finish(): Promise<void>;
  /** Takes out everything that was pushed: the model as it was stored, with LoRA that does nothing. */
  undo(): Promise<void>;
}

/** One module's matrices: A [r, d] and B [out, r], row-major. */
interface Matrices {
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** @param model whose LoRA is fresh. */
export function createLoraStack(model: Model): LoraStack {
  const { backend } = model;
  const single = new Map(model.lora);
  const stored = new Map([...single.keys()].map((module) => [`${module}.weight`, weightOf(model, `${module}.weight`)]));
  const pushed = new Map<string, Matrices[]>([...single.keys()].map((module) => [module, []]));
  const modules = linearModules(model.architecture, model.config);

  const putBack = () => {
    for (const [name, value] of stored) {
      const merged = weightOf(model, name);
      if (merged !== value) merged.dispose();
      model.weights.set(name, value);
    }
  };
  /** The LoRA of all that was pushed: what it is by module, and its weights by name. */
  const stacked = () => {
    const lora = new Map<string, LoraModule>();
    const weights = new Map<string, Value>();
    for (const [module, { rank, scale }] of single) {
      const parts = pushed.get(module) as Matrices[];
      if (parts.length === 0) continue;
      const total = rank * parts.length;
      const [a, b] = [
        joined(parts.map((part) => part.a)),
        sideBySide(
          parts.map((part) => part.b),
          rank,
        ),
      ];
      lora.set(module, { rank: total, alpha: scale * total, scale });
      weights.set(loraName(module, "A"), backend.value(a, [total, a.length / total]));
      weights.set(loraName(module, "B"), backend.value(b, [b.length / total, total]));
    }
    return { lora, weights };
  };

  return {
    async push(random) {
      for (const [module, { rank }] of single) {
        const [a, b] = [loraName(module, "A"), loraName(module, "B")];
        const taken = { a: await copyOf(model, a), b: await copyOf(model, b) };
        pushed.get(module)?.push(taken);
        const name = `${module}.weight`;
        const before = weightOf(model, name);
        model.weights.set(name, backend.value(await mergedWeight(model, module), before.shape));
        if (before !== stored.get(name)) before.dispose();
        const { inputs } = modules.get(module) as { readonly inputs: number };
        await backend.write(weightOf(model, a), freshA(rank, inputs, random.fork(module)));
        await backend.write(weightOf(model, b), new Float32Array(taken.b.length));
      }
    },
    async lend(use) {
      const { lora, weights } = stacked();
      const others = [...model.weights].filter(([name]) => !isLoraWeight(name));
      try {
        return await use({ ...model, lora, weights: new Map([...others, ...stored, ...weights]) });
      } finally {
        for (const value of weights.values()) value.dispose();
      }
    },
    async finish() {
      putBack();
      const { lora, weights } = stacked();
      for (const [name, value] of weights) {
        weightOf(model, name).dispose();
        model.weights.set(name, value);
      }
      for (const [module, described] of lora) model.lora.set(module, described);
    },
    async undo() {
      putBack();
      for (const [module, parts] of pushed) {
        parts.length = 0;
        const b = weightOf(model, loraName(module, "B"));
        await backend.write(b, new Float32Array(b.shape.reduce((size, n) => size * n, 1)));
      }
    },
  };
}

/** Matrices of `columns` columns each. */
function sideBySide(parts: readonly Float32Array[], columns: number): Float32Array {
  const rows = (parts[0] as Float32Array).length / columns;
  const all = new Float32Array(rows * columns * parts.length);
  for (const [k, part] of parts.entries()) {
    for (let row = 0; row < rows; row++) {
      all.set(part.subarray(row * columns, (row + 1) * columns), (row * parts.length + k) * columns);
    }
  }
  return all;
}
