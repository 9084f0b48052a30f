// Encoded examples side by side as one right-padded block, with the positions that carry a label listed. Knows nothing of order or epochs.

export interface Sequence {
  /** [n] */
  readonly ids: Int32Array;
  /** [n]: the id to predict from each position, negative where nothing counts. */
  readonly labels: Int32Array;
}

export interface Batch {
  /** [batch × seq], row-major, right-padded. Causal models never look from a token at the padding after it, so no mask is needed. */
  readonly ids: Int32Array;
  readonly batch: number;
  readonly seq: number;
  /** Flat positions (row × seq + t) that carry a label, ascending: [labelled]. */
  readonly rows: Int32Array;
  /** The label of each of them: [labelled]. */
  readonly labels: Int32Array;
  /** The batch row each of them belongs to: [labelled]. */
  readonly rowExample: Int32Array;
  /** Labelled positions of each example: [batch]. */
  readonly counts: readonly number[];
  /** Which examples these are, indices into the list given: [batch]. */
  readonly examples: readonly number[];
  /** Tokens that are not padding. */
  readonly tokenCount: number;
}

/**
 * Puts the chosen examples into one block.
 * @param chosen indices into `examples`
 * @param options.seq length to pad to, at least that of the longest (the default)
 * @throws RangeError when an example is longer than `seq` or an index is out of range
 */
export function assembleBatch(
  examples: readonly Sequence[],
  chosen: readonly number[],
  options: { readonly seq?: number; readonly padId?: number } = {},
): Batch {
  const sequences = chosen.map((index) => {
    const sequence = examples[index];
    if (!sequence) throw new RangeError(`no example ${index} among ${examples.length}`);
    return sequence;
  });
  const longest = Math.max(0, ...sequences.map((sequence) => sequence.ids.length));
  const { seq = longest, padId = 0 } = options;
  if (longest > seq) throw new RangeError(`an example of ${longest} tokens does not fit a batch padded to ${seq}`);

  const ids = new Int32Array(sequences.length * seq).fill(padId);
  const rows: number[] = [];
  const labels: number[] = [];
  const rowExample: number[] = [];
  const counts = sequences.map((sequence, row) => {
    ids.set(sequence.ids, row * seq);
    const before = rows.length;
    sequence.labels.forEach((label, t) => {
      if (label < 0) return;
      rows.push(row * seq + t);
      labels.push(label);
      rowExample.push(row);
    });
    return rows.length - before;
  });
  return {
    ids,
    batch: sequences.length,
    seq,
    rows: Int32Array.from(rows),
    labels: Int32Array.from(labels),
    rowExample: Int32Array.from(rowExample),
    counts,
    examples: chosen,
    tokenCount: sequences.reduce((sum, sequence) => sum + sequence.ids.length, 0),
  };
}
