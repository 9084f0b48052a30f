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

/** Adds α (l_Mo′ − l_Mo) to `offset`, as far as both reach: ids beyond the end of a row are padding, which no offset steers. */
export function addOffset(offset: Float32Array, { alpha, tuned, frozen }: OffsetRow): void {
  if (alpha === 0) return;
  const width = Math.min(offset.length, tuned.length, frozen.length);
  for (let id = 0; id < width; id++) {
    offset[id] = (offset[id] as number) + alpha * ((tuned[id] as number) - (frozen[id] as number));
  }
}

/** l_M + offset as a row of its own; where M gives a token no probability, no offset does. */
export function steerRow(model: Float32Array, offset: Float32Array): Float32Array {
  const steered = Float32Array.from(model);
  const width = Math.min(steered.length, offset.length);
  for (let id = 0; id < width; id++) steered[id] = (steered[id] as number) + (offset[id] as number);
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
