// The arithmetic of steering: l_e = l_M + Σ α (l_Mo′ − l_Mo) for one row. Knows neither where rows come from nor how a token is chosen.

/** One offset's rows at one place, and its strength. */
export interface OffsetRow {
  /** α */
  readonly alpha: number;
  /** l_Mo′, [width] */
  readonly tuned: Float32Array;
  /** l_Mo, [width] */
  readonly frozen: Float32Array;
}

/** Adds α (l_Mo′ − l_Mo) to `offset`, which is no wider than either. */
export function addOffset(offset: Float32Array, { alpha, tuned, frozen }: OffsetRow): void {
  if (alpha === 0) return;
  for (let id = 0; id < offset.length; id++) {
    offset[id] = (offset[id] as number) + alpha * ((tuned[id] as number) - (frozen[id] as number));
  }
}

/**
 * l_M + offset as a row of its own, as wide as M's. Ids beyond the end of the offset are padding that not every model has a row for: they are
 * forbidden, and so is what M gives no probability.
 */
export function steerRow(model: Float32Array, offset: Float32Array): Float32Array {
  const steered = new Float32Array(model.length).fill(Number.NEGATIVE_INFINITY);
  const width = Math.min(model.length, offset.length);
  for (let id = 0; id < width; id++) steered[id] = (model[id] as number) + (offset[id] as number);
  return steered;
}

/** log softmax in place, float64 sums. Returns the row. */
export function normalise(row: Float32Array): Float32Array {
  const normaliser = logSumExp(row);
  for (let id = 0; id < row.length; id++) row[id] = (row[id] as number) - normaliser;
  return row;
}

/** log Σ exp(row) */
export function logSumExp(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of row) if (logit > largest) largest = logit;
  if (!Number.isFinite(largest)) return largest;
  let total = 0;
  for (const logit of row) total += Math.exp(logit - largest);
  return largest + Math.log(total);
}
