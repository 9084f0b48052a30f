// Puts the branches of a loss into one batch of right-padded sequences, so that one forward pass serves all of them.
// Knows nothing of what the branches mean.

import type { TokenBatch } from "../models/stage-runner.ts";
import type { BranchName } from "./loss.ts";

/** An encoded example: `labels[t]` is the id to be predicted from position t, −100 where nothing counts. */
export interface EncodedExample {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
}

/** An example with its place in its data set, by which reference values are looked up. */
export interface BatchItem {
  readonly example: EncodedExample;
  readonly index: number;
}

export interface BranchBatch {
  /** Flat positions of the labelled rows, example after example. */
  readonly rows: Int32Array;
  readonly labels: Int32Array;
  /** Labelled rows of each example. */
  readonly counts: readonly number[];
  readonly items: readonly BatchItem[];
}

export interface LossBatch {
  readonly tokens: TokenBatch;
  readonly branches: Readonly<Partial<Record<BranchName, BranchBatch>>>;
  /** Tokens that are not padding. */
  readonly tokenCount: number;
  /** Labelled tokens over all branches. */
  readonly labelled: number;
}

/** Sequence lengths are rounded up to a multiple of this, so that few shapes are compiled. */
export const sequenceBucket = 16;

export function assembleBatch(branches: Readonly<Partial<Record<BranchName, readonly BatchItem[]>>>): LossBatch {
  const entries = Object.entries(branches) as [BranchName, readonly BatchItem[]][];
  const items = entries.flatMap(([, list]) => list);
  const longest = Math.max(...items.map((item) => item.example.ids.length));
  const seq = Math.ceil(longest / sequenceBucket) * sequenceBucket;
  const ids = new Int32Array(items.length * seq);
  let sequence = 0;
  let labelled = 0;
  const result: Partial<Record<BranchName, BranchBatch>> = {};
  for (const [name, list] of entries) {
    const rows: number[] = [];
    const labels: number[] = [];
    const counts: number[] = [];
    for (const { example } of list) {
      ids.set(example.ids, sequence * seq);
      let count = 0;
      example.labels.forEach((label, t) => {
        if (label < 0) return;
        rows.push(sequence * seq + t);
        labels.push(label);
        count++;
      });
      counts.push(count);
      sequence++;
    }
    labelled += rows.length;
    result[name] = { rows: Int32Array.from(rows), labels: Int32Array.from(labels), counts, items: list };
  }
  return {
    tokens: { ids, batch: items.length, seq },
    branches: result,
    tokenCount: items.reduce((sum, item) => sum + item.example.ids.length, 0),
    labelled,
  };
}
