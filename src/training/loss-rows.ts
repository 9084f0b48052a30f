// The rows at the head that a loss will look at over all its examples, a batch of texts at a time: for what can be asked for beforehand.
// Knows no model and no order of training.

import type { Sequence } from "../data/batching.ts";
import { isBlockQuantity } from "../models/block-quantities.ts";
import type { TokenBatch } from "../models/stage-runner.ts";
import type { BranchExamples } from "./batches.ts";
import type { Loss } from "./loss.ts";
import { assembleLossBatch, type BatchItem, type BranchBatch, type Padding } from "./loss-batch.ts";
import { selectRows } from "./row-selection.ts";
import { probeLoss } from "./traced-loss.ts";

const batchExamples = 32;

/** Batches with the flat positions of the rows; the longest texts first. A row may come more than once. */
export function* lossRows(
  loss: Loss,
  examples: BranchExamples,
  padding: Padding,
): Generator<{ readonly tokens: TokenBatch; readonly rows: Int32Array }> {
  for (const { branch, rows, quantities } of probeLoss(loss).groups) {
    if (quantities.some(isBlockQuantity)) continue;
    const list = examples[branch] ?? [];
    // A position depends on those before it alone: padded to the longest example, all are there whatever a batch will be padded to.
    const toTheEnd = rows === "positions" || rows === "predictions";
    const longest = Math.max(0, ...list.map(({ ids }) => ids.length));
    const padded = toTheEnd ? { ...padding, padTo: Math.max(longest, padding.padTo ?? 0) } : padding;
    for (const items of batchesByLength(list)) {
      const batch = assembleLossBatch({ forget: items }, undefined, padded);
      yield { tokens: batch.tokens, rows: selectRows(batch.branches.forget as BranchBatch, rows).rows };
    }
  }
}

/** Examples of like lengths together, the longest first: if memory is short, that shows at once. `only`: those at these places. */
export function batchesByLength(examples: readonly Sequence[], only?: ReadonlySet<number>): BatchItem[][] {
  const sorted = examples.map((example, index) => ({ example, index })).filter(({ index }) => only?.has(index) ?? true);
  sorted.sort((a, b) => b.example.ids.length - a.example.ids.length || a.index - b.index);
  const batches: BatchItem[][] = [];
  for (let i = 0; i < sorted.length; i += batchExamples) batches.push(sorted.slice(i, i + batchExamples));
  return batches;
}
