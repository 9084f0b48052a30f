// Seeded inputs for the op suite: kinds of numbers that an op can be tried on. Every number is exact in its dtype.

import type { Random } from "../core/random.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { DType, Shape } from "../tensor/tensor.ts";
import { toHalf } from "./reference/half-precision.ts";

/** An input of a case: its type, and how its numbers are drawn. */
export interface InputKind {
  readonly shape: Shape;
  readonly dtype: DType;
  draw(random: Random): Float64Array | Int32Array;
}

const floats = (shape: Shape, draw: (random: Random) => number): InputKind => ({
  shape,
  dtype: "float32",
  draw: (random) => Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(draw(random))),
});

/** Normal numbers with deviation `scale`. */
export const normal = (shape: Shape, scale = 1): InputKind => floats(shape, (random) => scale * random.normal());

/** Uniform in [0.5, 2.5): away from zero. */
export const positive = (shape: Shape): InputKind => floats(shape, (random) => 0.5 + 2 * random.uniform());

/** Distinct numbers in random order, at least 0.1 apart: no ties and no kinks within reach of a finite difference. */
export const distinct = (shape: Shape): InputKind => ({
  shape,
  dtype: "float32",
  draw: (random) => {
    const n = sizeOf(shape);
    return Float64Array.from(random.shuffle([...Array(n).keys()]), (i) => Math.fround((i - n / 2) * 0.2 + 0.05));
  },
});

/** Whole numbers in [from, to). */
export const integers = (shape: Shape, from: number, to: number): InputKind => ({
  shape,
  dtype: "int32",
  draw: (random) => Int32Array.from({ length: sizeOf(shape) }, () => from + random.integer(to - from)),
});

/** These numbers. */
export const given = (values: readonly number[], shape: Shape, dtype: "float32" | "int32"): InputKind => ({
  shape,
  dtype,
  draw: () => (dtype === "int32" ? Int32Array.from(values) : Float64Array.from(values)),
});

/** Normal numbers rounded to a 16-bit format. */
export const half = (shape: Shape, dtype: "bfloat16" | "float16"): InputKind => ({
  shape,
  dtype,
  draw: (random) => Float64Array.from({ length: sizeOf(shape) }, () => toHalf[dtype].round(random.normal())),
});
