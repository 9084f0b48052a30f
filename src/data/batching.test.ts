import { expect, test } from "vitest";
import { assembleBatch, type Sequence } from "./batching.ts";

const sequence = (ids: number[], labels: number[]): Sequence => ({
  ids: Int32Array.from(ids),
  labels: Int32Array.from(labels),
});
const examples = [sequence([1, 5, 6], [-100, 6, 2]), sequence([1, 7], [7, 2]), sequence([1], [9])];

test("examples lie side by side, padded on the right, with their labelled positions listed", () => {
  expect(assembleBatch(examples, [1, 0], { seq: 4, padId: 3 })).toEqual({
    ids: Int32Array.from([1, 7, 3, 3, 1, 5, 6, 3]),
    batch: 2,
    seq: 4,
    rows: Int32Array.from([0, 1, 5, 6]),
    labels: Int32Array.from([7, 2, 6, 2]),
    rowExample: Int32Array.from([0, 0, 1, 1]),
    counts: [2, 2],
    examples: [1, 0],
    tokenCount: 5,
  });
});

test("the longest example sets the length when none is given", () => {
  expect(assembleBatch(examples, [2, 1]).seq).toBe(2);
});

test("an example that does not fit and an index that does not exist are refused", () => {
  expect(() => assembleBatch(examples, [0], { seq: 2 })).toThrow(/3 tokens does not fit/);
  expect(() => assembleBatch(examples, [3])).toThrow(/no example 3 among 3/);
});
