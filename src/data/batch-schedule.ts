// Which examples go into which batch, epoch after epoch. An epoch's order follows from the seed and the epoch's number alone, so a
// position (epoch, index) is all that must be saved to go on exactly. Knows lengths, not tokens.

import { ConfigError, RunError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { bucketOf, chooseBuckets } from "./buckets.ts";

/** Where a schedule stands; plain JSON, for checkpoints. */
export interface SchedulePosition {
  readonly seed: string;
  /** Numbers of examples the schedule was made for, so that a resume with other data is noticed. */
  readonly examples: readonly number[];
  /** 0-based epoch of the next batch. */
  readonly epoch: number;
  /** 0-based index of the next batch in its epoch. */
  readonly index: number;
}

interface ScheduledPlace {
  readonly epoch: number;
  readonly index: number;
  /** Sequence length to pad to, one of a few. */
  readonly seq: number;
}

export interface ScheduledBatch extends ScheduledPlace {
  /** Indices into the examples. */
  readonly examples: readonly number[];
}

export interface ScheduledPair extends ScheduledPlace {
  readonly forget: readonly number[];
  readonly retain: readonly number[];
}

export interface Schedule<Batch> {
  readonly batchesPerEpoch: number;
  /** Sequence lengths that batches may have, ascending. */
  readonly buckets: readonly number[];
  /** The next batch; after an epoch's last comes the next epoch's first, without end. */
  next(): Batch;
  /** All batches of an epoch, whatever the position; for counting and tests. */
  epoch(epoch: number): readonly Batch[];
  save(): SchedulePosition;
}

interface ScheduleOptions {
  readonly batchSize: number;
  /** Only its seed is used. */
  readonly random: Random;
  /** At most so many sequence lengths; default 8. */
  readonly bucketCount?: number;
  /** Go on where `save()` was called. */
  readonly restore?: SchedulePosition;
}

/**
 * Every example once per epoch: shuffled, brought together by bucket, cut into batches, batches shuffled. The last batch of the longest
 * bucket may be smaller than `batchSize`.
 * @param lengths tokens of each example
 * @throws ConfigError for a bad batch size or no examples; RunError when `restore` belongs to another seed or data set.
 */
export function createBatchSchedule(lengths: readonly number[], options: ScheduleOptions): Schedule<ScheduledBatch> {
  const buckets = chooseBuckets(lengths, options.bucketCount);
  return createSchedule(options, [lengths.length], lengths.length, buckets, (random, epoch) => {
    const order = byBucket(random.shuffle([...lengths.keys()]), lengths, buckets);
    const batches = random.shuffle(cut(order, options.batchSize));
    return batches.map((examples, index) => ({
      epoch,
      index,
      seq: longestBucket(buckets, lengths, examples),
      examples,
    }));
  });
}

export interface PairScheduleOptions extends ScheduleOptions {
  /**
   * Where the retain set's examples come from: drawn uniformly with replacement at each use (open-unlearning), or item i with item i,
   * from the beginning again when they run out (KnowUnDo). Default "random".
   */
  readonly partners?: "random" | "in-order";
}

/**
 * Batches of as many forget as retain examples, every forget example once per epoch. Both sides of a batch are padded to one length, so batches of like lengths are put together;
 * which example meets which matters to no loss, only the epoch's multiset of them does.
 * @throws as `createBatchSchedule`
 */
export function createPairSchedule(
  forgetLengths: readonly number[],
  retainLengths: readonly number[],
  options: PairScheduleOptions,
): Schedule<ScheduledPair> {
  const { partners = "random", batchSize } = options;
  const buckets = chooseBuckets([...forgetLengths, ...retainLengths], options.bucketCount);
  const counts = [forgetLengths.length, retainLengths.length];
  return createSchedule(options, counts, forgetLengths.length, buckets, (random, epoch) => {
    const order = random.shuffle([...forgetLengths.keys()]);
    const available = retainLengths.length;
    const drawn = order.map((item) => (partners === "random" ? random.integer(available) : item % available));
    const forgetBatches = cut(byBucket(order, forgetLengths, buckets), batchSize);
    const retainBatches = cut(byBucket(drawn, retainLengths, buckets), batchSize);
    const pairs = random.shuffle(forgetBatches.map((batch, k) => [batch, retainBatches[k] as number[]] as const));
    return pairs.map(([forget, retain], index) => ({
      epoch,
      index,
      seq: Math.max(longestBucket(buckets, forgetLengths, forget), longestBucket(buckets, retainLengths, retain)),
      forget,
      retain,
    }));
  });
}

/** Share of a schedule's epoch that is padding: 1 − tokens / (rows × padded length). */
export function paddingWaste(lengths: readonly number[], batches: readonly ScheduledBatch[]): number {
  let tokens = 0;
  let padded = 0;
  for (const { examples, seq } of batches) {
    padded += examples.length * seq;
    for (const example of examples) tokens += lengths[example] as number;
  }
  return padded === 0 ? 0 : 1 - tokens / padded;
}

function createSchedule<Batch>(
  options: ScheduleOptions,
  counts: readonly number[],
  anchors: number,
  buckets: readonly number[],
  plan: (random: Random, epoch: number) => Batch[],
): Schedule<Batch> {
  const { batchSize, random, restore } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ConfigError(`batchSize must be a whole number of at least 1, got ${batchSize}`);
  }
  if (counts.includes(0)) throw new ConfigError("there are no examples to make batches of");
  const { seed } = random;
  if (restore && (restore.seed !== seed || restore.examples.join() !== counts.join())) {
    throw new RunError(
      `the saved position belongs to seed "${restore.seed}" and ${restore.examples.join(" + ")} examples, ` +
        `now there are seed "${seed}" and ${counts.join(" + ")}`,
      { hint: "Resume with the configuration and data of the interrupted run, or start a new run." },
    );
  }
  const batchesPerEpoch = Math.ceil(anchors / batchSize);
  let epoch = restore?.epoch ?? 0;
  let index = restore?.index ?? 0;
  let planned: { epoch: number; batches: Batch[] } | undefined;
  const batchesOf = (wanted: number): Batch[] => {
    if (planned?.epoch !== wanted) planned = { epoch: wanted, batches: plan(random.fork(`epoch-${wanted}`), wanted) };
    return planned.batches;
  };
  return {
    batchesPerEpoch,
    buckets,
    next() {
      const batch = batchesOf(epoch)[index] as Batch;
      index++;
      if (index === batchesPerEpoch) {
        epoch++;
        index = 0;
      }
      return batch;
    },
    epoch: (wanted) => batchesOf(wanted),
    save: () => ({ seed, examples: counts, epoch, index }),
  };
}

/** Stable: the order within a bucket stays as it was drawn. */
function byBucket(order: readonly number[], lengths: readonly number[], buckets: readonly number[]): number[] {
  const bucket = (example: number) => bucketOf(buckets, lengths[example] as number);
  return order.toSorted((a, b) => bucket(a) - bucket(b));
}

function longestBucket(buckets: readonly number[], lengths: readonly number[], examples: readonly number[]): number {
  return bucketOf(buckets, Math.max(...examples.map((example) => lengths[example] as number)));
}

function cut<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, k) => items.slice(k * size, (k + 1) * size));
}
