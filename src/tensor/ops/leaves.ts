// Where graphs begin: named inputs and constants. Knows nothing of what is computed from them.

import { type Attributes, apply, type OpGroup } from "../op.ts";
import { shapeText, sizeOf } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { DType, Shape, Tensor } from "../tensor.ts";

const declared = (_: readonly Tensor[], attributes: Attributes) => ({
  shape: attributes.shape as Shape,
  dtype: attributes.dtype as DType,
});

export const leafOps = {
  input: { infer: declared },
  constant: { infer: declared },
} satisfies OpGroup;

/** A value fed by name at every run. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  if (name === "") failShape("input", "needs a name");
  checkDimensions("input", shape);
  return apply(leafOps, "input", [], { shape, dtype }, { name });
}

/** Fixed contents: a number is a scalar, an array is a vector unless `shape` says otherwise. dtype: float32, int32 or bool. */
export function constant(data: number | ArrayLike<number>, shape?: Shape, dtype: DType = "float32"): Tensor {
  const values = typeof data === "number" ? [data] : data;
  const size = shape ?? (typeof data === "number" ? [] : [values.length]);
  checkDimensions("constant", size);
  if (values.length !== sizeOf(size)) {
    failShape("constant", `${values.length} numbers do not fill shape ${shapeText(size)}`);
  }
  return apply(leafOps, "constant", [], { shape: size, dtype }, { data: storage(values, dtype) });
}

function storage(values: ArrayLike<number>, dtype: DType): Float64Array | Int32Array | Uint8Array {
  if (dtype === "float32") return Float64Array.from(values);
  if (dtype === "int32") return Int32Array.from(values);
  if (dtype === "bool") return Uint8Array.from(values);
  return failShape("constant", `dtype ${dtype} is not supported; allowed are float32, int32 and bool`);
}

function checkDimensions(op: string, shape: Shape): void {
  const bad = shape.find((n) => !Number.isInteger(n) || n < 0);
  if (bad !== undefined) failShape(op, `dimension ${bad} of ${shapeText(shape)} is not a whole number ≥ 0`);
}
