// 16-bit weights as float32, made once instead of at every step: a cast costs far more than the step that uses it (measured 12 times).
// The numbers are the same either way.

import type { Model } from "../models/model.ts";
import type { Program, Value } from "../runtime/backend.ts";
import { cast, type Graph, graph, input, sizeOf } from "../tensor/index.ts";

export interface WideWeights extends Disposable {
  /** The float32 copy of a 16-bit weight, made at the first call; undefined when it is float32 already or the budget is used up. */
  of(value: Value): Promise<Value | undefined>;
  dispose(): void;
}

const largestBudget = 4 * 2 ** 30;

/** Half of the memory that is free now, up to 4 GiB. Only the CPU needs copies: a GPU holds float32 anyway. */
export const wideBudget = (model: Model): number =>
  model.backend.name === "ort-cpu" ? Math.min(largestBudget, process.availableMemory() / 2) : 0;

/**
 * Copies of at most `budget` bytes, first come first served. A 16-bit weight is taken to be constant, as a mapped file is.
 * `compile` keeps the programs.
 */
export function createWideWeights(
  budget: number,
  compile: (key: string, trace: () => Graph) => Promise<Program>,
): WideWeights {
  const copies = new Map<Value, Promise<Value>>();
  let left = budget;

  async function widen(value: Value): Promise<Value> {
    const { shape, dtype } = value;
    const trace = () => graph({ wide: cast(input("narrow", shape, dtype), "float32") });
    const program = await compile(`wide ${dtype} ${shape}`, trace);
    return (await program.run({ narrow: value })).wide as Value;
  }

  const dispose = () => {
    for (const copy of copies.values()) {
      copy.then(
        (ready) => ready.dispose(),
        () => {},
      );
    }
    copies.clear();
  };
  return {
    async of(value) {
      if (value.dtype !== "bfloat16" && value.dtype !== "float16") return undefined;
      let copy = copies.get(value);
      const bytes = 4 * sizeOf(value.shape);
      if (!copy && bytes <= left) {
        left -= bytes;
        copy = widen(value);
        copies.set(value, copy);
      }
      return copy;
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
