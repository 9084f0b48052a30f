// Points that fill a cube evenly: Sobol's sequence in up to 16 dimensions with Joe & Kuo's direction numbers (new-joe-kuo-6), shifted at random. Knows nothing else.

import type { Random } from "../../../../core/random.ts";

/** Of each dimension after the first: degree and coefficients of its polynomial, and its first direction numbers. */
const directions: readonly (readonly [degree: number, coefficients: number, numbers: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
];

export const largestDimensions = directions.length + 1;

const bits = 32;

/** v₁ … v₃₂ of a dimension, each as a fraction of 2³². */
function directionNumbers(dimension: number): Uint32Array {
  const v = new Uint32Array(bits);
  const known = directions[dimension - 1];
  if (!known) return v.map((_, i) => 2 ** (bits - 1 - i));
  const [degree, coefficients, numbers] = known;
  for (let i = 0; i < bits; i++) {
    if (i < degree) {
      v[i] = (numbers[i] as number) << (bits - 1 - i);
      continue;
    }
    const back = v[i - degree] as number;
    let next = back ^ (back >>> degree);
    for (let k = 1; k < degree; k++) if ((coefficients >>> (degree - 1 - k)) & 1) next ^= v[i - k] as number;
    v[i] = next;
  }
  return v;
}

/**
 * The first `count` points in [0, 1)^dimensions, in Gray-code order. With `random`, a digital shift: all points of a dimension XOR one random number,
 * which keeps how evenly they lie and moves the first away from 0.
 */
export function sobolPoints(count: number, dimensions: number, random?: Random): Float64Array[] {
  const numbers = Array.from({ length: dimensions }, (_, dimension) => directionNumbers(dimension));
  const state = Uint32Array.from(numbers, () => (random ? random.integer(2 ** bits) : 0));
  return Array.from({ length: count }, (_, point) => {
    if (point > 0) {
      const flipped = Math.clz32(1) - Math.clz32(point & -point); // the lowest set bit
      for (const [dimension, v] of numbers.entries())
        state[dimension] = (state[dimension] as number) ^ (v[flipped] as number);
    }
    return Float64Array.from(state, (x) => x / 2 ** bits);
  });
}
