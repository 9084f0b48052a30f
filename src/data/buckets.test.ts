import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf, chooseBuckets } from "./buckets.ts";

const padded = (lengths: readonly number[], buckets: readonly number[]) =>
  lengths.reduce((sum, length) => sum + bucketOf(buckets, length), 0);

/** Every choice of at most `count` lengths that includes the longest. */
function bestByTrying(lengths: readonly number[], count: number): number {
  const longest = Math.max(...lengths);
  const tops = [...new Set(lengths)].filter((length) => length < longest).sort((a, b) => a - b);
  let best = padded(lengths, [longest]);
  const choose = (from: number, chosen: number[]): void => {
    best = Math.min(best, padded(lengths, [...chosen, longest]));
    if (chosen.length + 1 === count) return;
    for (let i = from; i < tops.length; i++) choose(i + 1, [...chosen, tops[i] as number]);
  };
  choose(0, []);
  return best;
}

test("no other choice of as many lengths pads less", () => {
  const sets = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sets, fc.integer({ min: 1, max: 4 }), (lengths, count) => {
      const buckets = chooseBuckets(lengths, count);
      expect(buckets.length).toBeLessThanOrEqual(count);
      expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
      expect(buckets.at(-1)).toBe(Math.max(...lengths));
      expect(padded(lengths, buckets)).toBe(bestByTrying(lengths, count));
    }),
    { numRuns: 300 },
  );
});

test("lengths beyond 256 are thinned out and still fit", () => {
  const lengths = Array.from({ length: 5000 }, (_, i) => 1 + ((i * 7919) % 9001));
  const buckets = chooseBuckets(lengths);
  expect(buckets).toHaveLength(8);
  expect(buckets.at(-1)).toBe(Math.max(...lengths));
  // Even lengths in eight buckets pad by half a bucket each: 1/16 of the longest, against a mean of 1/2.
  expect(padded(lengths, buckets) / lengths.reduce((a, b) => a + b)).toBeLessThan(1.14);
});

test("a length beyond the last bucket is refused", () => {
  expect(bucketOf([4, 9], 5)).toBe(9);
  expect(() => bucketOf([4, 9], 10)).toThrow(RangeError);
});
