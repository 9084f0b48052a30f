// The two-sample Kolmogorov-Smirnov test: statistic, exact p-value, asymptotic p-value. TOFU's forget quality is this p-value.

import { DataError } from "../../core/errors.ts";
import { kolmogorovSurvival } from "./kolmogorov-distribution.ts";

export interface KolmogorovSmirnov {
  /** Largest distance between the two empirical distribution functions, in [0, 1]. */
  readonly statistic: number;
  /** Two-sided p-value. */
  readonly pValue: number;
  readonly method: "exact" | "asymptotic";
  readonly sizes: readonly [number, number];
}

/**
 * Two-sided two-sample test. `auto` is SciPy's default: exact while both samples have at most 10,000 values, asymptotic above.
 * The asymptotic p-value is SciPy's too: the one-sample distribution at the rounded effective size n1·n2 / (n1 + n2).
 * Ties are allowed; the exact p-value then treats them as if they were none and is conservative.
 * @throws DataError for an empty sample or a NaN.
 */
export function kolmogorovSmirnov(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  method: "auto" | "exact" | "asymptotic" = "auto",
): KolmogorovSmirnov {
  const a = sortedSample(first, "first");
  const b = sortedSample(second, "second");
  const steps = largestDifference(a, b);
  const statistic = steps / (a.length * b.length);
  const exact = method === "exact" || (method === "auto" && Math.max(a.length, b.length) <= 10_000);
  const pValue = exact
    ? exactPValue(a.length, b.length, steps)
    : kolmogorovSurvival(roundHalfToEven((a.length * b.length) / (a.length + b.length)), statistic);
  return { statistic, pValue, method: exact ? "exact" : "asymptotic", sizes: [a.length, b.length] };
}

/** NumPy's rounding, which decides the effective size at .5. */
function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}

function sortedSample(values: ArrayLike<number>, which: string): Float64Array {
  if (values.length === 0) throw new DataError(`the ${which} sample of a Kolmogorov-Smirnov test is empty`);
  const sorted = Float64Array.from(values).sort();
  // Typed arrays sort NaN to the end.
  if (Number.isNaN(sorted[sorted.length - 1]))
    throw new DataError(`the ${which} sample of a Kolmogorov-Smirnov test holds NaN`);
  return sorted;
}

/** max |i·n2 − j·n1| over all values x, where i and j count the values ≤ x: the statistic without its division, an exact integer. */
function largestDifference(a: Float64Array, b: Float64Array): number {
  let i = 0;
  let j = 0;
  let largest = 0;
  while (i < a.length && j < b.length) {
    const x = Math.min(a[i] as number, b[j] as number);
    while (i < a.length && (a[i] as number) <= x) i++;
    while (j < b.length && (b[j] as number) <= x) j++;
    largest = Math.max(largest, Math.abs(i * b.length - j * a.length));
  }
  return largest;
}

/**
 * P(max |i·n2 − j·n1| ≥ steps) when all orders of the n1 + n2 values are equally likely.
 * The merged order is a random lattice path from (0, 0) to (n1, n2): from (i, j) it goes right with probability
 * (n1 − i) / (n1 + n2 − i − j). The probability of paths that never left the band is carried along, and what leaves it is summed.
 * Every term is positive, so that a p-value of 1e-200 is as accurate as one of 0.5. Time O(n1·n2), memory O(n2).
 */
function exactPValue(n1: number, n2: number, steps: number): number {
  if (steps === 0) return 1;
  const inside = new Float64Array(n2 + 1); // probability of reaching (i, j) without leaving the band
  inside[0] = 1;
  let outside = 0;
  for (let i = 0; i <= n1; i++) {
    for (let j = 0; j <= n2; j++) {
      const remaining = n1 + n2 - i - j;
      const fromLeft = i === 0 ? (inside[j] as number) : ((inside[j] as number) * (n1 - i + 1)) / (remaining + 1);
      const fromBelow = j === 0 ? 0 : ((inside[j - 1] as number) * (n2 - j + 1)) / (remaining + 1);
      const reached = fromLeft + fromBelow;
      const left = Math.abs(i * n2 - j * n1) >= steps;
      if (left) outside += reached;
      inside[j] = left ? 0 : reached;
    }
  }
  return Math.min(1, outside);
}
