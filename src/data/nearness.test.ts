import { expect, test } from "vitest";
import { nearness } from "./nearness.ts";

test("nearness is the share of words and word pairs in common with the nearest other question", () => {
  // Words where does ann live, pairs where-does does-ann ann-live: 7; with "Where does Bob live?" 3 words and 1 pair in common, of 10 in all.
  expect(nearness(["Where does Ann live?"], ["Who is Bob?", "Where does Bob live?"])).toEqual([4 / 10]);
  expect(nearness(["Where does Ann live?", "Why?"], ["where does ann live"])).toEqual([1, 0]);
});
