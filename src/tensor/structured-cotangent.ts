// Cotangents whose structure is worth keeping, because for a loss over a vocabulary they are the largest tensors of all: `pick` sends back zeros
// but for one element per row, and a loss weighs each row with one factor.

import { add } from "./ops/elementwise.ts";
import { addAtPicked } from "./ops/indexing.ts";
import { gemm } from "./ops/linear-algebra.ts";
import { full } from "./ops/shaping.ts";
import { sameShape } from "./shape.ts";
import type { Shape, Tensor } from "./tensor.ts";

/** `values[...]` at the positions that `pick(x[..., n], indices)` reads, zero elsewhere. */
export interface Picked {
  readonly indices: Tensor;
  readonly values: Tensor;
}

export const pickedCotangent = (shape: Shape, { indices, values }: Picked): Tensor =>
  addAtPicked(full(shape, 0), indices, values);

/** The parts of a tensor made by `pickedCotangent`, or undefined for any other. */
export function asPicked({ op, inputs: [base, indices, values] }: Tensor): Picked | undefined {
  const single = base?.op === "expand" ? base.inputs[0]?.data : undefined;
  const isZero = op === "addAtPicked" && single?.length === 1 && single[0] === 0;
  return isZero ? { indices: indices as Tensor, values: values as Tensor } : undefined;
}

/** `rows` [m, n], each row times its factor [m, 1]. */
export interface ScaledRows {
  readonly rows: Tensor;
  readonly factors: Tensor;
}

/** The parts of a matrix whose last step was the product with a column, or undefined for any other. */
export function asScaledRows({ op, shape, inputs }: Tensor): ScaledRows | undefined {
  const [rows, factors] = inputs as [Tensor, Tensor];
  const isScaled = op === "mul" && shape.length === 2 && shape[1] !== 1 && factors.shape[1] === 1;
  return isScaled && sameShape(rows.shape, shape) ? { rows, factors } : undefined;
}

/** a + b; picked elements are added in place, and a matrix product adds to the other while it is computed. */
export function accumulate(a: Tensor, b: Tensor): Tensor {
  const [base, picked] = asPicked(b) ? [a, asPicked(b)] : [b, asPicked(a)];
  if (picked) return addAtPicked(base, picked.indices, picked.values);
  const [factor, other] = b.inputs;
  if (b.op !== "gemm" || b.inputs.length > 2) return add(a, b);
  return gemm(factor as Tensor, other as Tensor, { ...b.attributes, c: a });
}
