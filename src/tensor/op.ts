// What an op is, and the one function that makes nodes. Knows nothing of particular ops, gradients or execution.

import type { Attribute, DType, Shape, Tensor } from "./tensor.ts";

export type Attributes = Readonly<Record<string, Attribute>>;

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** An entry of the op table. `infer` gives the type of the result and throws a ShapeError when the inputs do not fit. */
export interface Op {
  infer(inputs: readonly Tensor[], attributes: Attributes): TensorType;
  /** Types of the results after the first, for ops that have several; they are reached with `extraOutput`. */
  extraOutputs?(inputs: readonly Tensor[], attributes: Attributes): readonly TensorType[];
}

export type OpGroup = Readonly<Record<string, Op>>;

let created = 0;

/** A node of op `name`, whose entry is in `group`. */
export function apply<G extends OpGroup>(
  group: G,
  name: keyof G & string,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
  leaf: Pick<Tensor, "name" | "data"> = {},
): Tensor {
  const { shape, dtype } = (group[name] as Op).infer(inputs, attributes);
  return { id: created++, op: name, inputs, attributes, shape, dtype, ...leaf };
}
