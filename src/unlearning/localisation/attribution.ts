// WAGLE's score of a single weight and the global choice of the highest (2410.17509; methods §3). Knows nothing of where gradients come from.

import { type BitSet, createBitSet, setBit } from "../../core/bit-set.ts";

/**
 * What stands for the diagonal h of the inner problem's Hessian, from μ and the summed gradient g_r: μ itself, or g_r² + μ, which published code calls
 * Gauss–Newton though it squares the sum, not each record's gradient; there nothing keeps h from 0.
 */
const curvatures = {
  constant: (mu: number) => mu,
  "gauss-newton": (mu: number, retain: number) => retain * retain + mu,
} as const;

interface AttributionOptions {
  readonly mu: number;
  readonly curvature?: keyof typeof curvatures;
  /** By which `retain` is multiplied: where only some records were asked, how many times as many there are. Default 1. */
  readonly times?: number;
}

/** score_i = |(θ_i − g_r,i / h_i) · g_f,i|, written over `forget`. What is no finite number scores 0. */
export function attribute(
  weights: Float32Array,
  forget: Float32Array,
  retain: Float32Array,
  { mu, curvature = "constant", times = 1 }: AttributionOptions,
): void {
  const h = curvatures[curvature];
  for (let i = 0; i < weights.length; i++) {
    const g = (retain[i] as number) * times;
    const score = Math.abs(((weights[i] as number) - g / h(mu, g)) * (forget[i] as number));
    forget[i] = Number.isFinite(score) ? score : 0;
  }
}

export interface TopNumbers {
  /** The lowest score that is chosen. */
  readonly threshold: number;
  /** In the order of the arrays. */
  readonly chosen: readonly BitSet[];
}

/**
 * Exactly `count` of the highest numbers over all arrays; of equal ones the first. All must be ≥ 0: their bits as whole numbers are then in their order, so
 * that counting upper and lower halves of the bits finds the threshold without sorting.
 */
export function highestNumbers(arrays: readonly Float32Array[], count: number): TopNumbers {
  const bits = arrays.map((array) => new Uint32Array(array.buffer, array.byteOffset, array.length));
  const upper = new Float64Array(1 << 16);
  for (const words of bits) for (const word of words) upper[word >>> 16] = (upper[word >>> 16] as number) + 1;
  const high = reach(upper, count);
  const lower = new Float64Array(1 << 16);
  for (const words of bits) {
    for (const word of words) if (word >>> 16 === high.bin) lower[word & 0xffff] = (lower[word & 0xffff] as number) + 1;
  }
  const low = reach(lower, count - high.above);
  const threshold = ((high.bin << 16) | low.bin) >>> 0;
  let equal = count - high.above - low.above;
  const chosen = bits.map((words) => {
    const set = createBitSet(words.length);
    words.forEach((word, i) => {
      if (word > threshold || (word === threshold && equal-- > 0)) setBit(set, i);
    });
    return set;
  });
  return { threshold: new Float32Array(Uint32Array.of(threshold).buffer)[0] as number, chosen };
}

/** The bin in which the `count` highest end, and how many lie in those above it. */
function reach(bins: Float64Array, count: number): { readonly bin: number; readonly above: number } {
  let above = 0;
  let bin = bins.length - 1;
  for (; bin > 0 && above + (bins[bin] as number) < count; bin--) above += bins[bin] as number;
  return { bin, above };
}
