// Three ways to sum up a list of numbers. Knows nothing of metrics or records.

import { DataError } from "../../core/errors.ts";

/** Arithmetic mean; NaN for an empty list. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Middle value, or the mean of the two middle ones; NaN for an empty list. */
export function median(values: ArrayLike<number>): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

/**
 * Harmonic mean of values ≥ 0; any zero gives 0, as in TOFU's model utility; NaN for an empty list.
 * @throws DataError for a negative value, for which the harmonic mean means nothing.
 */
export function harmonicMean(values: ArrayLike<number>): number {
  let inverse = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < 0) throw new DataError(`a harmonic mean needs values ≥ 0, got ${value} at position ${i}`);
    inverse += 1 / value;
  }
  return values.length === 0 ? Number.NaN : values.length / inverse;
}
