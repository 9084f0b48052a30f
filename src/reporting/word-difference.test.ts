import fc from "fast-check";
import { expect, test } from "vitest";
import { type Piece, wordDifference } from "./word-difference.ts";

const marked = (pieces: readonly Piece[]) => pieces.filter((piece) => !piece.shared).map((piece) => piece.text.trim());
const joined = (pieces: readonly Piece[]) => pieces.map((piece) => piece.text).join("");

test("marks the words that differ and no others", () => {
  const { left, right } = wordDifference("born in Porto Vela, a glassblower", "born in Haldane, a clockmaker");
  expect(marked(left)).toEqual(["Porto Vela,", "glassblower"]);
  expect(marked(right)).toEqual(["Haldane,", "clockmaker"]);
});

test("finds the longest common run of words inside", () => {
  const { left, right } = wordDifference("x a b c d y", "z b c q d w");
  expect(marked(left)).toEqual(["x a", "y"]);
  expect(marked(right)).toEqual(["z", "q", "w"]);
});

test("gives back both texts exactly, and the shared words are the same on both sides", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", " ", "  ", "\n", "é", "😀"), { maxLength: 60 })
    .map((x) => x.join(""));
  fc.assert(
    fc.property(text, text, (a, b) => {
      const { left, right } = wordDifference(a, b);
      expect([joined(left), joined(right)]).toEqual([a, b]);
      const shared = (pieces: readonly Piece[]) =>
        pieces
          .filter((piece) => piece.shared)
          .flatMap((piece) => piece.text.split(/\s+/).filter((word) => word !== ""));
      expect(shared(left)).toEqual(shared(right));
    }),
  );
});

test("answers of a hundred thousand words do not hold it up", () => {
  const long = (word: string) => `${word} `.repeat(100_000);
  const start = performance.now();
  expect(marked(wordDifference(long("a"), long("b")).left)).toHaveLength(1);
  expect(performance.now() - start).toBeLessThan(2000);
});
