// The gradient that `pick` sends back is zero but for one element per row. Kept in that form it costs a few numbers instead of a tensor of the
// input's size, which for a loss over a vocabulary is the largest tensor of all.

import { add } from "./ops/elementwise.ts";
import { addAtPicked } from "./ops/indexing.ts";
import { full } from "./ops/shaping.ts";
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
  const isZero = op === "addAtPicked" && base?.op === "expand" && base.inputs[0]?.data?.[0] === 0;
  return isZero ? { indices: indices as Tensor, values: values as Tensor } : undefined;
}

/** a + b; picked elements are added in place. */
export function accumulate(a: Tensor, b: Tensor): Tensor {
  const [base, picked] = asPicked(b) ? [a, asPicked(b)] : [b, asPicked(a)];
  return picked ? addAtPicked(base, picked.indices, picked.values) : add(a, b);
}
