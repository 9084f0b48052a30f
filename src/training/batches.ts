// Supplies of batches for the training loop: one set of examples, or a forget set paired with a retain set. Knows the branches' names, not their loss.

import type { Random } from "../core/random.ts";
import { createBatchSchedule, createPairSchedule, type SchedulePosition } from "../data/batch-schedule.ts";
import type { Sequence } from "../data/batching.ts";
import type { BatchSource } from "./fit.ts";
import type { BranchName } from "./loss.ts";
import { assembleLossBatch, type BatchItem } from "./loss-batch.ts";

/** The examples of each branch. `alternate` goes with `forget`: item i of one belongs to item i of the other. */
export type BranchExamples = Readonly<Partial<Record<BranchName, readonly Sequence[]>>>;

export interface BatchSupplyOptions {
  /** Examples of the first branch per batch; a paired branch adds as many. */
  readonly batchSize: number;
  readonly random: Random;
  readonly partners?: "random" | "in-order";
}

/** A schedule that can be started anew at a position. */
interface Restartable<T> {
  readonly batchesPerEpoch: number;
  next(): T;
  save(): SchedulePosition;
}

/**
 * Every example of the forget side (`forget`, or `alternate` when a loss uses only that) once per epoch, with a retain example for each
 * when there is a retain branch; a single branch of whatever name comes alone.
 */
export function createBatchSupply(
  examples: BranchExamples,
  options: BatchSupplyOptions,
): BatchSource & { readonly batchesPerEpoch: number } {
  const names = Object.keys(examples) as BranchName[];
  const forgetSide = names.filter((name) => name !== "retain");
  const anchor = examples[forgetSide[0] ?? "retain"] ?? [];
  const lengthsOf = (list: readonly Sequence[]) => list.map((example) => example.ids.length);
  /** Both of a forget record's answers go into the batch: the longer one decides its bucket. */
  const anchorLengths = anchor.map((_, i) =>
    Math.max(...forgetSide.map((name) => examples[name]?.[i]?.ids.length ?? 0), lengthsOf(anchor)[i] as number),
  );
  const pick = (name: BranchName, indices: readonly number[]): BatchItem[] =>
    indices.map((index) => ({ index, example: examples[name]?.[index] as Sequence }));

  const { retain } = examples;
  const paired = retain !== undefined && forgetSide.length > 0;
  const start = (restore?: SchedulePosition) => {
    const shared = { batchSize: options.batchSize, random: options.random, ...(restore ? { restore } : {}) };
    if (!paired) {
      const schedule = createBatchSchedule(anchorLengths, shared);
      const sides = forgetSide.length > 0 ? forgetSide : (["retain"] as const);
      return restartable(schedule, ({ examples: chosen, seq }) =>
        assembleLossBatch(Object.fromEntries(sides.map((name) => [name, pick(name, chosen)])), seq),
      );
    }
    const schedule = createPairSchedule(anchorLengths, lengthsOf(retain), {
      ...shared,
      partners: options.partners ?? "random",
    });
    return restartable(schedule, ({ forget, retain: kept, seq }) =>
      assembleLossBatch(
        Object.fromEntries([...forgetSide.map((name) => [name, pick(name, forget)]), ["retain", pick("retain", kept)]]),
        seq,
      ),
    );
  };

  let schedule = start();
  return {
    batchesPerEpoch: schedule.batchesPerEpoch,
    next: () => schedule.next(),
    get epoch() {
      const { epoch, index } = schedule.save();
      return epoch + index / schedule.batchesPerEpoch;
    },
    save: () => schedule.save(),
    restore: (position: SchedulePosition) => {
      schedule = start(position);
    },
  };
}

function restartable<T, B>(schedule: Restartable<T>, assemble: (chosen: T) => B): Restartable<B> {
  return {
    batchesPerEpoch: schedule.batchesPerEpoch,
    next: () => assemble(schedule.next()),
    save: () => schedule.save(),
  };
}
