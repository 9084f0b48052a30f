// 16-bit floats as the float32 that a GPU program takes, and back. A table per format: weights are widened once, on upload.

import type { DType } from "../../tensor/tensor.ts";
import { toHalf } from "../reference/half-precision.ts";

type Half = "bfloat16" | "float16";

export const isHalf = (dtype: DType): dtype is Half => dtype === "bfloat16" || dtype === "float16";

const tables: Partial<Record<Half, Float32Array>> = {};

/** Bit patterns → float32, exact. */
export function widen(bits: Uint16Array, dtype: Half): Float32Array {
  tables[dtype] ??= Float32Array.from({ length: 1 << 16 }, (_, pattern) => toHalf[dtype].decode(pattern));
  const table = tables[dtype];
  const wide = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = table[bits[i] as number] as number;
  return wide;
}

/** float32 → bit patterns, rounding to nearest even. */
export function narrow(numbers: Float32Array, dtype: Half): Uint16Array {
  return Uint16Array.from(numbers, toHalf[dtype].encode);
}
