// Values of the reference backend: the caller's own array or a mapped file, converted to float64 at each run. Knows nothing of graphs.

import { RuntimeFailure } from "../../core/errors.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import type { MappedMemory, TypedArray, Value } from "../backend.ts";
import { checkArray, checkCount, checkMapped, describeShape, elementCount, elementTypes } from "../element-type.ts";
import { viewMemory } from "../ffi.ts";
import { holdMapping } from "../mapped-file.ts";
import type { Dense, Numbers } from "./dense.ts";
import { toHalf } from "./half-precision.ts";

/** What a value holds. */
export interface Cell {
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
  /** A mapped file: writing there ends the process. */
  readonly readOnly: boolean;
  disposed: boolean;
}

const cells = new WeakMap<Value, Cell>();

/** A net: the mapping under a forgotten value goes once nothing can read its array any more. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/** Throws ShapeError when array, shape and dtype do not fit. float32 is also held by a Float64Array. */
export function createValue(data: TypedArray, shape: Shape, dtype?: DType): Value {
  if (data instanceof Float64Array && (dtype ?? "float32") === "float32") {
    checkCount(data, shape);
    return valueOver(data, shape, "float32");
  }
  return valueOver(data, shape, checkArray(data, shape, dtype));
}

export function allocateValue(shape: Shape, dtype: DType = "float32"): Value {
  const count = elementCount(shape);
  return valueOver(dtype === "float32" ? new Float64Array(count) : new elementTypes[dtype].array(count), shape, dtype);
}

/** A value over a mapped file, which stays mapped until the value is disposed. */
export function mappedValue(memory: MappedMemory, shape: Shape, dtype: DType): Value {
  checkMapped(memory, shape, dtype);
  const release = holdMapping(memory.owner);
  try {
    const buffer = viewMemory(memory.address, memory.byteLength);
    forgotten.register(buffer, release, buffer);
    return valueOver(new elementTypes[dtype].array(buffer), shape, dtype, () => {
      forgotten.unregister(buffer);
      release();
    });
  } catch (error) {
    release();
    throw error;
  }
}

function valueOver(data: TypedArray, shape: Shape, dtype: DType, release?: () => void): Value {
  const cell: Cell = { data, shape: [...shape], dtype, readOnly: release !== undefined, disposed: false };
  const dispose = () => {
    if (cell.disposed) return;
    cell.disposed = true;
    release?.();
  };
  const value: Value = { shape: cell.shape, dtype, byteLength: data.byteLength, dispose, [Symbol.dispose]: dispose };
  cells.set(value, cell);
  return value;
}

/** The cell of a living value. Throws RuntimeFailure for one that is disposed or foreign; `role` names it. */
export function cellOf(value: Value, role: string): Cell {
  const cell = cells.get(value);
  if (cell === undefined) {
    throw new RuntimeFailure(`${role} is a value of another backend, not of the reference backend`, {
      hint: "Read it there and make a value of the contents here.",
    });
  }
  if (!cell.disposed) return cell;
  throw new RuntimeFailure(`${role}, a ${cell.dtype} value of shape ${describeShape(cell.shape)}, is disposed`, {
    hint: "Dispose a value only after the last run and read that use it.",
  });
}

/** What the kernels compute with. */
export function decode({ data, shape, dtype }: Cell): Dense {
  if (data instanceof Float64Array || data instanceof Int32Array || data instanceof Uint8Array) return { shape, data };
  if (dtype === "bfloat16" || dtype === "float16") {
    return { shape, data: Float64Array.from(data as Uint16Array, toHalf[dtype].decode) };
  }
  return { shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Writes computed numbers into a value of the same shape. */
export function encodeInto({ data, dtype }: Cell, numbers: Numbers): void {
  if (data instanceof BigInt64Array) data.set(BigInt64Array.from(Array.from(numbers, BigInt)));
  else if (dtype === "bfloat16" || dtype === "float16") data.set(Float64Array.from(numbers, toHalf[dtype].encode));
  else data.set(numbers);
}
