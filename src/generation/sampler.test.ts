import { expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { drawToken, mostLikely } from "./sampler.ts";

const none = Number.NEGATIVE_INFINITY;

/** Pearson's statistic of counts against expected probabilities. */
function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b, 0);
  return counts.reduce(
    (sum, count, i) => sum + (count - n * (probabilities[i] as number)) ** 2 / (n * (probabilities[i] as number)),
    0,
  );
}

test("the most likely token is the lowest id among equals", () => {
  expect(mostLikely(Float32Array.of(1, 3, 3, 2))).toBe(1);
  expect(mostLikely(Float32Array.of(none, none, -5))).toBe(2);
});

test("drawn tokens follow the softmax of the logits", () => {
  const probabilities = [0.4, 0.3, 0.15, 0.1, 0.05];
  const logits = Float32Array.from(probabilities, (p) => Math.log(p) + 7);
  const random = createRandom("chi");
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[drawToken(logits, random)]!++;
  // 99.9 % quantile with 4 degrees of freedom
  expect(chiSquare(counts, probabilities)).toBeLessThan(18.47);
});

test("a forbidden token is never drawn, not even the last", () => {
  const random = createRandom("forbidden");
  for (let i = 0; i < 2000; i++) expect(drawToken(Float32Array.of(none, 0, none, 0, none), random) % 2).toBe(1);
  const almostOne = { ...random, uniform: () => 1 - 2 ** -32 };
  expect(drawToken(Float32Array.of(0, 0, none), almostOne)).toBe(1);
});

test("extreme logits neither overflow nor vanish", () => {
  expect(drawToken(Float32Array.of(-1e30, 3e38, 0), createRandom(1))).toBe(1);
});

test("logits that no token can come from are an error that says which", () => {
  expect(() => mostLikely(Float32Array.of(none, none))).toThrow("every next token is forbidden");
  expect(() => mostLikely(Float32Array.of(Number.NaN, Number.NaN))).toThrow("the model gave NaN as a logit");
  expect(() => drawToken(Float32Array.of(1, Number.NaN), createRandom(1))).toThrow("the model gave NaN as a logit");
});
