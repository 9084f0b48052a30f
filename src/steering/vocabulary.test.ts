// Whose logits may be added to whose.

import { expect, test } from "vitest";
import { fitRow, hashVocabulary, refuseOtherVocabulary } from "./vocabulary.ts";

const vocabulary = (name: string, tokens: readonly (string | undefined)[]) => ({
  name,
  tokenizer: { vocabularySize: tokens.length, tokenOf: (id: number) => tokens[id] },
});

test("the first ids that differ are named, with what they mean to either", () => {
  const one = vocabulary("big", ["a", "b", "c", "d", "e", "f"]);
  const other = vocabulary("small", ["a", "x", "c", "y", undefined, "z"]);
  expect(() => refuseOtherVocabulary(one, other)).toThrow(
    'big and small have different vocabularies: id 1 is "b" and "x", id 3 is "d" and "y", id 4 is "e" and no token; others differ too',
  );
  expect(hashVocabulary(one.tokenizer)).not.toBe(hashVocabulary(other.tokenizer));
});

test("one token more is another vocabulary, one empty id more is not", () => {
  const tokens = ["a", "b"];
  const same = vocabulary("padded", [...tokens, undefined]);
  expect(() => refuseOtherVocabulary(vocabulary("big", tokens), same)).not.toThrow();
  expect(hashVocabulary(same.tokenizer)).toBe(hashVocabulary(vocabulary("big", tokens).tokenizer));
  expect(() => refuseOtherVocabulary(vocabulary("big", tokens), vocabulary("small", [...tokens, "c"]))).toThrow(
    'id 2 is no token and "c"',
  );
});

test("a row of another width loses ids that no tokenizer knows, or gains such without probability", () => {
  const row = Float32Array.of(1, 2, 3);
  expect(fitRow(row, 3)).toBe(row);
  expect([...fitRow(row, 2)]).toEqual([1, 2]);
  const wide = fitRow(row, 5);
  expect([...wide.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(Math.exp((wide[4] as number) - 3)).toBe(0);
});
