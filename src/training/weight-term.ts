// A part of a loss that looks at weights instead of text, added to every batch's. Here: how far low-rank modules share directions (O-LoRA). Knows nothing of
// what the modules were trained for.

import type { Backend, Program, Value } from "../runtime/backend.ts";
import { abs, gemm, gradients, graph, input, mul, sum } from "../tensor/index.ts";

export interface WeightTerm {
  /** What it is called in the log. */
  readonly name: string;
  /** Multiplies it in the loss. */
  readonly weight: number;
  /** The term of the weights as they are, scalar; `weight` times its gradient is added to theirs. */
  add(gradients: ReadonlyMap<string, Value>): Promise<number>;
}

/** A trained matrix and the frozen ones that it is to keep clear of: rows of `frozen` are what rows of the weight are multiplied with. */
export interface KeptClear {
  /** Full name, for its gradient. */
  readonly name: string;
  /** A_new, [r, d]. */
  readonly trained: () => Value;
  /** A_old, [R, d] row-major: the rows of all modules that came before. */
  readonly frozen: Float32Array;
}

/**
 * Σ_modules Σ_ij |A_old·A_newᵀ|_ij, entry by entry as the published code of O-LoRA sums it (2310.14152; seeds §3.4); zero when every row of A_new is
 * orthogonal to every row of A_old. The derivative of |x| at 0 is 0.
 */
export async function overlapTerm(
  backend: Backend,
  modules: readonly KeptClear[],
  weight: number,
): Promise<WeightTerm & Disposable> {
  const parts: { readonly module: KeptClear; readonly frozen: Value; readonly program: Program }[] = [];
  for (const module of modules) {
    const { shape } = module.trained();
    const a = input("trained", shape); // [r, d]
    const old = input("frozen", [module.frozen.length / (shape[1] as number), shape[1] as number]); // [R, d]
    const overlap = sum(abs(gemm(old, a, { transB: true })));
    const [slope] = gradients(mul(overlap, weight), [a]) as [typeof a];
    const program = await backend.compile(graph({ overlap, slope }));
    parts.push({ module, frozen: backend.value(module.frozen, old.shape), program });
  }
  return {
    name: "overlap",
    weight,
    async add(gradientOf) {
      let total = 0;
      for (const { module, frozen, program } of parts) {
        const found = await program.run({ trained: module.trained(), frozen });
        using overlap = found.overlap as Value;
        using slope = found.slope as Value;
        total += (await backend.read(overlap))[0] as number;
        const gradient = gradientOf.get(module.name);
        if (gradient) await addTo(backend, gradient, (await backend.read(slope)) as Float32Array);
      }
      return total;
    },
    [Symbol.dispose]() {
      for (const { frozen, program } of parts) {
        frozen.dispose();
        program.dispose();
      }
    },
  };
}

async function addTo(backend: Backend, value: Value, numbers: Float32Array): Promise<void> {
  const now = (await backend.read(value)) as Float32Array;
  await backend.write(
    value,
    now.map((x, i) => x + (numbers[i] as number)),
  );
}
