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

/** Which examples a batch holds: each side's branches and their places in these. */
interface Chosen {
  readonly sides: readonly (readonly [side: readonly BranchName[], indices: readonly number[]])[];
  readonly seq: number;
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
  const assemble = ({ sides, seq }: Chosen) => {
    const itemsOf = (name: BranchName, indices: readonly number[]): BatchItem[] =>
      indices.map((index) => ({ index, example: examples[name]?.[index] as Sequence }));
    const entries = sides.flatMap(([side, indices]) => side.map((name) => [name, itemsOf(name, indices)]));
    return assembleLossBatch(Object.fromEntries(entries), seq, options.padding);
  };

  const start = (restore?: SchedulePosition): Restartable<Chosen> => {
    const shared = { batchSize: options.batchSize, random: options.random, ...(restore ? { restore } : {}) };
    if (forgetSide.length === 0 || retainSide.length === 0) {
      const side = forgetSide.length > 0 ? forgetSide : retainSide;
      const schedule = createBatchSchedule(lengthsOf(side), shared);
      return restartable(schedule, ({ examples: chosen, seq }) => ({ sides: [[side, chosen]], seq }));
    }
    const schedule = createPairSchedule(lengthsOf(forgetSide), lengthsOf(retainSide), {
      ...shared,
      partners: options.partners ?? "random",
    });
    return restartable(schedule, ({ forget, retain, seq }) => ({
      sides: [
        [forgetSide, forget],
        [retainSide, retain],
      ],
      seq,
    }));
  };

  let schedule = start();
  return {
    batchesPerEpoch: schedule.batchesPerEpoch,
    next: () => assemble(schedule.next()),
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
      const found = Object.fromEntries(names.map((name) => [name, new Set<number>()]));
      for (let i = 0; i < count; i++) {
        for (const [side, indices] of copy.next().sides) {
          for (const name of side) for (const index of indices) found[name]?.add(index);
        }
      }
      return found;
    },
  };
}

function restartable<T, B>(schedule: Restartable<T>, as: (chosen: T) => B): Restartable<B> {
  return {
    batchesPerEpoch: schedule.batchesPerEpoch,
    next: () => as(schedule.next()),
    save: () => schedule.save(),
  };
}
