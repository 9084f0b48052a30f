// How each dtype is stored: ONNX element type, bytes per element, JavaScript array. Knows nothing of native memory.

import { ShapeError } from "../core/errors.ts";
import type { DType, Shape } from "../tensor/tensor.ts";
import type { MappedMemory, TypedArray } from "./backend.ts";

interface ArrayConstructor<A extends TypedArray = TypedArray> {
  readonly name: string;
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
}

export interface ElementType {
  /** Value of TensorProto.DataType, which is also ONNXTensorElementDataType. */
  readonly onnx: number;
  readonly bytes: number;
  readonly array: ArrayConstructor;
}

/** bfloat16 and float16 are bit patterns; bool is 0 or 1. */
export const elementTypes: Readonly<Record<DType, ElementType>> = {
  float32: { onnx: 1, bytes: 4, array: Float32Array },
  bfloat16: { onnx: 16, bytes: 2, array: Uint16Array },
  float16: { onnx: 10, bytes: 2, array: Uint16Array },
  int32: { onnx: 6, bytes: 4, array: Int32Array },
  int64: { onnx: 7, bytes: 8, array: BigInt64Array },
  bool: { onnx: 9, bytes: 1, array: Uint8Array },
};

const natural = new Map<unknown, DType>([
  [Float32Array, "float32"],
  [Int32Array, "int32"],
  [BigInt64Array, "int64"],
  [Uint8Array, "bool"],
]);

export function describeShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Number of elements. Throws ShapeError for a dimension that is not a whole number ≥ 0. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new ShapeError(`shape ${describeShape(shape)} is impossible`);
    count *= size;
  }
  return count;
}

export function byteLengthOf(shape: Shape, dtype: DType): number {
  return elementCount(shape) * elementTypes[dtype].bytes;
}

/** The dtype given, or the one that belongs to the array; throws ShapeError when array, shape and dtype do not fit. */
export function checkArray(data: TypedArray, shape: Shape, dtype: DType | undefined): DType {
  const chosen = dtype ?? natural.get(data.constructor);
  if (chosen === undefined) {
    throw new ShapeError(`a ${data.constructor.name} does not say its dtype`, {
      hint: "Pass the dtype: a Uint16Array holds bfloat16 or float16; a Float64Array must be converted first.",
    });
  }
  const { array } = elementTypes[chosen];
  if (!(data instanceof array)) {
    throw new ShapeError(`${chosen} values are held by a ${array.name}, not by a ${data.constructor.name}`);
  }
  checkCount(data, shape);
  return chosen;
}

/** Throws ShapeError when an array is not as long as the shape says. */
export function checkCount(data: TypedArray, shape: Shape): void {
  const count = elementCount(shape);
  if (data.length === count) return;
  throw new ShapeError(
    `shape ${describeShape(shape)} has ${count} elements, the ${data.constructor.name} has ${data.length}`,
  );
}

/** Throws ShapeError when mapped memory and tensor differ in size. */
export function checkMapped(memory: MappedMemory, shape: Shape, dtype: DType): void {
  const bytes = byteLengthOf(shape, dtype);
  if (memory.byteLength === bytes) return;
  throw new ShapeError(
    `${dtype} ${describeShape(shape)} needs ${bytes} bytes, the mapped range has ${memory.byteLength}`,
  );
}
