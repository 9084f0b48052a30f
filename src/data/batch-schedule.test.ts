import { describe, expect, test } from "vitest";
import { ConfigError, RunError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { createBatchSchedule, createPairSchedule, paddingWaste, type Schedule } from "./batch-schedule.ts";

const random = createRandom(7);
/** Lengths like those of short questions and answers: 12 to 66 tokens, mean 21. */
const lengths = Array.from({ length: 1000 }, () => 12 + Math.floor(54 * random.uniform() ** 4));
const options = () => ({ batchSize: 16, random: createRandom(3) });
const take = <T>(schedule: Schedule<T>, count: number): T[] => Array.from({ length: count }, () => schedule.next());

describe("one set", () => {
  test("every epoch holds every example once, in another order, in few lengths", () => {
    const schedule = createBatchSchedule(lengths, options());
    expect(schedule.batchesPerEpoch).toBe(63);
    const epochs = [take(schedule, 63), take(schedule, 63)];
    for (const [number, batches] of epochs.entries()) {
      expect(batches.flatMap((batch) => batch.examples).sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      expect(batches.every((batch, index) => batch.epoch === number && batch.index === index)).toBe(true);
      for (const { examples, seq } of batches)
        expect(Math.max(...examples.map((e) => lengths[e] as number))).toBeLessThanOrEqual(seq);
    }
    expect(new Set(epochs.flat().map((batch) => batch.seq)).size).toBeLessThanOrEqual(8);
    expect(epochs[0]?.map((batch) => batch.examples)).not.toEqual(epochs[1]?.map((batch) => batch.examples));
  });

  test("batches are not sorted by length within an epoch", () => {
    const seqs = createBatchSchedule(lengths, options())
      .epoch(0)
      .map((batch) => batch.seq);
    expect(seqs).not.toEqual(seqs.toSorted((a, b) => a - b));
  });

  test("padding is below 10 % of the work", () => {
    expect(paddingWaste(lengths, createBatchSchedule(lengths, options()).epoch(0))).toBeLessThan(0.1);
    expect(paddingWaste([1, 3], [{ epoch: 0, index: 0, seq: 4, examples: [0, 1] }])).toBe(0.5);
  });

  test("a saved position goes on with exactly the batches that were to come, also across epochs and through JSON", () => {
    for (const done of [0, 1, 40, 62, 63, 100]) {
      const schedule = createBatchSchedule(lengths, options());
      take(schedule, done);
      const restore = JSON.parse(JSON.stringify(schedule.save()));
      const resumed = createBatchSchedule(lengths, { ...options(), restore });
      expect(take(resumed, 70)).toEqual(take(schedule, 70));
      expect(resumed.save()).toEqual(schedule.save());
    }
  });

  test("the order depends on the seed, not on how often the generator was used", () => {
    const used = createRandom(3);
    used.uniform();
    const first = createBatchSchedule(lengths, options()).epoch(0);
    expect(createBatchSchedule(lengths, { batchSize: 16, random: used }).epoch(0)).toEqual(first);
    expect(createBatchSchedule(lengths, { batchSize: 16, random: createRandom(4) }).epoch(0)).not.toEqual(first);
  });

  test("a position of another seed or data set is refused", () => {
    const restore = createBatchSchedule(lengths, options()).save();
    expect(() => createBatchSchedule(lengths.slice(1), { ...options(), restore })).toThrow(RunError);
    expect(() => createBatchSchedule(lengths, { batchSize: 16, random: createRandom(4), restore })).toThrow(RunError);
  });

  test("no examples and a batch of nothing are refused", () => {
    expect(() => createBatchSchedule([], options())).toThrow(ConfigError);
    expect(() => createBatchSchedule(lengths, { ...options(), batchSize: 0 })).toThrow(ConfigError);
  });
});

describe("forget and retain together", () => {
  const forget = lengths.slice(0, 240);
  const retain = lengths.slice(240);

  test("every forget example comes once per epoch, with as many retain examples drawn anew", () => {
    const schedule = createPairSchedule(forget, retain, options());
    const epochs = [take(schedule, schedule.batchesPerEpoch), take(schedule, schedule.batchesPerEpoch)];
    for (const pairs of epochs) {
      expect(pairs.flatMap((pair) => pair.forget).sort((a, b) => a - b)).toEqual([...forget.keys()]);
      for (const pair of pairs) expect(pair.retain).toHaveLength(pair.forget.length);
    }
    const [first, second] = epochs.map((pairs) => pairs.flatMap((pair) => pair.retain).sort((a, b) => a - b));
    expect(first).not.toEqual(second);
  });

  test("random partners are uniform over the whole retain set", () => {
    const schedule = createPairSchedule(forget, [5, 5, 5, 5], options());
    const counts = [0, 0, 0, 0];
    for (const pair of take(schedule, 50 * schedule.batchesPerEpoch))
      for (const item of pair.retain) counts[item]! += 1;
    // 12,000 draws over four: mean 3,000, standard deviation 47.
    for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(190);
  });

  test("in order, item i meets item i, from the beginning again when they run out", () => {
    const epoch = (others: readonly number[]) =>
      createPairSchedule(forget, others, { ...options(), partners: "in-order" })
        .epoch(0)
        .flatMap((pair) => pair.retain)
        .sort((a, b) => a - b);
    expect(epoch(retain)).toEqual([...forget.keys()]);
    expect(epoch(retain.slice(0, 120))).toEqual([...forget.keys()].map((i) => Math.floor(i / 2)));
  });

  test("both sides fit one length, and little of it is padding", () => {
    const pairs = createPairSchedule(forget, retain, options()).epoch(0);
    let tokens = 0;
    let padded = 0;
    for (const pair of pairs) {
      const sides = [...pair.forget.map((i) => forget[i] as number), ...pair.retain.map((i) => retain[i] as number)];
      for (const length of sides) expect(length).toBeLessThanOrEqual(pair.seq);
      tokens += sides.reduce((a, b) => a + b);
      padded += sides.length * pair.seq;
    }
    expect(1 - tokens / padded).toBeLessThan(0.2);
  });

  test("a saved position goes on exactly", () => {
    const schedule = createPairSchedule(forget, retain, options());
    take(schedule, 10);
    const resumed = createPairSchedule(forget, retain, { ...options(), restore: schedule.save() });
    expect(take(resumed, 20)).toEqual(take(schedule, 20));
  });
});
