// How the reference backend holds a tensor: row-major, every float as float64. Knows nothing of graphs.

import { dimension, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";

export type Numbers = Float64Array | Int32Array | Uint8Array;

export interface Dense {
  readonly shape: Shape;
  readonly data: Numbers;
}

/** Zeros to hold a result of `dtype`. */
export function zeros(dtype: DType, length: number): Numbers {
  if (dtype === "int32") return new Int32Array(length);
  return dtype === "bool" ? new Uint8Array(length) : new Float64Array(length);
}

/** Element `i` of `data`; indices in the kernels are in range by construction. */
export const at = (data: Numbers, i: number): number => data[i] as number;

/**
 * For each element of a result in `shape`, row-major, the offset of the element to read when axis a of the result moves by strides[a].
 * Transposing, slicing and broadcasting are choices of strides and start.
 */
export function stridedOffsets(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const offsets = new Int32Array(sizeOf(shape)).fill(start);
  let block = offsets.length;
  shape.forEach((n, axis) => {
    const inner = block / n;
    for (let i = 0; i < offsets.length; i++) {
      offsets[i] = (offsets[i] as number) + (Math.floor(i / inner) % n) * (strides[axis] as number);
    }
    block = inner;
  });
  return offsets;
}

/** Offsets into a tensor of shape `from` that is stretched to `to`. */
export function broadcastOffsets(from: Shape, to: Shape): Int32Array {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return stridedOffsets(
    to,
    to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : (strides[axis - missing] as number))),
  );
}

/** The elements of `x` as rows of its last axis. */
export function rowsOf({ shape, data }: Dense): { count: number; width: number; row(i: number): Numbers } {
  const width = dimension(shape, -1);
  return { count: data.length / width, width, row: (i) => data.subarray(i * width, (i + 1) * width) };
}
