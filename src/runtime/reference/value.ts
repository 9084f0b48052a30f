// Values of the reference backend: the caller's own array, converted to float64 at each run. Knows nothing of graphs.

import { ShapeError } from "../../core/errors.ts";
import { shapeText, sizeOf } from "../../tensor/shape.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import type { TypedArray, Value } from "../backend.ts";
import type { Dense, Numbers } from "./dense.ts";
import { toHalf } from "./half-precision.ts";

export interface ReferenceValue extends Value {
  readonly data: TypedArray;
}

/** Which arrays hold a dtype; the first is what the backend allocates. */
const arraysOf = {
  float32: [Float64Array, Float32Array],
  bfloat16: [Uint16Array],
  float16: [Uint16Array],
  int32: [Int32Array],
  int64: [BigInt64Array],
  bool: [Uint8Array],
} as const satisfies Record<DType, readonly unknown[]>;

function naturalDType(data: TypedArray): DType {
  if (data instanceof Float32Array || data instanceof Float64Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint8Array) return "bool";
  throw new ShapeError("value: a Uint16Array needs its dtype, bfloat16 or float16");
}

/** Throws ShapeError when array, shape and dtype do not fit. */
export function createValue(data: TypedArray, shape: Shape, dtype: DType = naturalDType(data)): ReferenceValue {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`value: ${data.length} numbers do not fill shape ${shapeText(shape)}`);
  }
  if (!arraysOf[dtype].some((type) => data instanceof type)) {
    const allowed = arraysOf[dtype].map((type) => type.name).join(" or ");
    throw new ShapeError(`value: ${dtype} is held by ${allowed}, got ${data.constructor.name}`);
  }
  const dispose = () => {};
  return { shape: [...shape], dtype, byteLength: data.byteLength, data, dispose, [Symbol.dispose]: dispose };
}

export const allocateValue = (shape: Shape, dtype: DType = "float32"): ReferenceValue =>
  createValue(new arraysOf[dtype][0](sizeOf(shape)), shape, dtype);

/** A value over the bytes of a little-endian buffer. */
export function bytesValue(buffer: ArrayBuffer, shape: Shape, dtype: DType): ReferenceValue {
  return createValue(dtype === "float32" ? new Float32Array(buffer) : new arraysOf[dtype][0](buffer), shape, dtype);
}

/** What the kernels compute with. */
export function decode({ data, shape, dtype }: ReferenceValue): Dense {
  if (data instanceof Float64Array || data instanceof Int32Array || data instanceof Uint8Array) return { shape, data };
  if (dtype === "bfloat16" || dtype === "float16") {
    return { shape, data: Float64Array.from(data as Uint16Array, toHalf[dtype].decode) };
  }
  return { shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Writes computed numbers into a value of the same shape. */
export function encodeInto({ data, dtype }: ReferenceValue, numbers: Numbers): void {
  if (data instanceof BigInt64Array) data.set(BigInt64Array.from(Array.from(numbers, BigInt)));
  else if (dtype === "bfloat16" || dtype === "float16") data.set(Float64Array.from(numbers, toHalf[dtype].encode));
  else data.set(numbers);
}
