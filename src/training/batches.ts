// Supplies of batches for the training loop: one set of examples, or a forget set paired with a retain set. Knows the branches' names, not their loss.

import type { Random } from "../core/random.ts";
import { createBatchSchedule, createPairSchedule, type SchedulePosition } from "../data/batch-schedule.ts";
import type { Sequence } from "../data/batching.ts";
import type { BatchSource } from "./fit.ts";
import type { BranchName, Loss } from "./loss.ts";
import { assembleLossBatch, type BatchItem, type Padding } from "./loss-batch.ts";

/** The examples of each branch. Item i of `alternate` belongs to item i of `forget`, and of `retainAlternate` to that of `retain`. */
export type BranchExamples = Readonly<Partial<Record<BranchName, readonly Sequence[]>>>;

/** Places in a branch's examples. */
export type BranchIndices = Readonly<Partial<Record<BranchName, ReadonlySet<number>>>>;

export interface BatchSupply extends BatchSource {
  readonly batchesPerEpoch: number;
  /** The examples that the next `count` batches hold; nothing is drawn. */
  ahead(count: number): BranchIndices;
}

export interface BatchSupplyOptions {
  /** Examples of the first branch per batch; a paired branch adds as many. */
  readonly batchSize: number;
  readonly random: Random;
  readonly partners?: "random" | "in-order";
  readonly padding?: Padding;
}

/** A schedule that can be started anew at a position. */
interface Restartable<T> {
  readonly batchesPerEpoch: number;
  next(): T;
  save(): SchedulePosition;
}

const retainSides: readonly BranchName[] = ["retain", "retainAlternate"];

/** True when a batch for the loss holds examples of both sides. */
export const drawsPairs = ({ branches }: Pick<Loss, "branches">): boolean =>
  branches.some((name) => retainSides.includes(name)) && !branches.every((name) => retainSides.includes(name));

/**
 * Every example of the forget side (`forget`, or `alternate` when a loss uses only that) once per epoch, with a retain example for each
 * when there is a retain side; a single side comes alone.
 */
export function createBatchSupply(examples: BranchExamples, options: BatchSupplyOptions): BatchSupply {
  const names = Object.keys(examples) as BranchName[];
  const forgetSide = names.filter((name) => !retainSides.includes(name));
  const retainSide = names.filter((name) => retainSides.includes(name));
  /** All branches of a record go into the batch together: the longest one decides its bucket. */
  const lengthsOf = (side: readonly BranchName[]) => {
    const [first = [], ...others] = side.map((name) => examples[name] ?? []);
    return first.map((example, i) => Math.max(example.ids.length, ...others.map((list) => list[i]?.ids.length ?? 0)));
  };
  const pick = (side: readonly BranchName[], indices: readonly number[]) =>
    side.map((name): [BranchName, BatchItem[]] => [
      name,
      indices.map((index) => ({ index, example: examples[name]?.[index] as Sequence })),
    ]);
  const assemble = (entries: readonly [BranchName, BatchItem[]][], seq: number) =>
    assembleLossBatch(Object.fromEntries(entries), seq, options.padding);

  const start = (restore?: SchedulePosition) => {
    const shared = { batchSize: options.batchSize, random: options.random, ...(restore ? { restore } : {}) };
    if (forgetSide.length === 0 || retainSide.length === 0) {
      const side = forgetSide.length > 0 ? forgetSide : retainSide;
      const schedule = createBatchSchedule(lengthsOf(side), shared);
      return restartable(schedule, ({ examples: chosen, seq }) => assemble(pick(side, chosen), seq));
    }
    const schedule = createPairSchedule(lengthsOf(forgetSide), lengthsOf(retainSide), {
      ...shared,
      partners: options.partners ?? "random",
    });
    return restartable(schedule, ({ forget, retain, seq }) =>
      assemble([...pick(forgetSide, forget), ...pick(retainSide, retain)], seq),
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
    ahead: (count) => {
      const copy = start(schedule.save());
      const indices = Object.fromEntries(names.map((name) => [name, new Set<number>()]));
      for (let i = 0; i < count; i++) {
        for (const [name, branch] of Object.entries(copy.next().branches)) {
          for (const { index } of branch.items) indices[name]?.add(index);
        }
      }
      return indices;
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
