import { expect, test } from "vitest";
import { countBits, hasBit } from "../../core/bit-set.ts";
import { createRandom } from "../../core/random.ts";
import { attribute, highestNumbers } from "./attribution.ts";
import { describeDistribution, quantile } from "./distribution.ts";
import { randomAnswers } from "./random-answers.ts";
import { tensorScores } from "./tensor-scores.ts";
import { isChosen, thresholdsFor } from "./thresholds.ts";

test("WAGLE's golden values: scores, and the indices that half of them keeps", () => {
  const theta = Float32Array.of(0.5, -0.2, 0.1, 0.8);
  const scores = Float32Array.of(0.3, -0.6, 0.05, 0);
  attribute(theta, scores, Float32Array.of(0.01, 0.2, -0.4, 0.3), { mu: 0.5 });
  [0.144, 0.36, 0.045, 0].forEach((score, i) => {
    expect(scores[i]).toBeCloseTo(score, 6);
  });
  const { chosen, threshold } = highestNumbers([scores], 2);
  expect([0, 1, 2, 3].filter((i) => hasBit(chosen[0]!, i))).toEqual([0, 1]);
  expect(threshold).toBeCloseTo(0.144, 6);
});

test("curvature may grow with the gradient: |(θ − g_r / (g_r² + μ))·g_f|", () => {
  const scores = Float32Array.of(2, 2, -1);
  attribute(Float32Array.of(1, 1, 0.5), scores, Float32Array.of(0, 2, -0.5), {
    mu: 0.25,
    curvature: "gauss-newton",
    times: 2,
  });
  // g_r = 0, 4, −1.
  [2, (1 - 4 / 16.25) * 2, 0.5 + 1 / 1.25].forEach((score, i) => {
    expect(scores[i]).toBeCloseTo(score, 6);
  });
});

test("the highest numbers over several arrays are those that sorting finds, equal ones from the first", () => {
  const random = createRandom(1);
  const draw = (n: number) => Float32Array.from({ length: n }, () => Math.round(random.uniform() ** 8 * 200) / 200);
  const arrays = [draw(70), draw(1), draw(333)];
  const all = arrays.flatMap((array, k) => [...array].map((value, i) => ({ value, k, i })));
  const sorted = all.toSorted((a, b) => b.value - a.value || a.k - b.k || a.i - b.i);
  for (const count of [1, 5, 200, 403, 404]) {
    const { chosen } = highestNumbers(arrays, count);
    expect(chosen.reduce((sum, set) => sum + countBits(set), 0)).toBe(count);
    for (const [rank, { k, i }] of sorted.entries()) expect(hasBit(chosen[k]!, i)).toBe(rank < count);
  }
});

test("a tensor's scores are the cosine of both gradients and the mean size of the one to forget", () => {
  const { cosine, magnitude } = tensorScores(Float32Array.of(3, -4, 0), Float32Array.of(0, -2, 0), 2);
  expect(cosine).toBeCloseTo(8 / (5 * 2), 12);
  expect(magnitude).toBeCloseTo(7 / 3 / 2, 12);
  expect(tensorScores(new Float32Array(3), Float32Array.of(1, 1, 1), 1).cosine).toBeNull();
});

test("thresholds are absolute, quantiles, or what chooses a share", () => {
  const scores = Array.from({ length: 40 }, (_, i) => ({ cosine: i / 40, magnitude: ((i * 7) % 40) / 40 }));
  expect(thresholdsFor(scores, { cosine: 0.92, magnitude: 6e-4 })).toEqual({ cosine: 0.92, magnitude: 6e-4 });
  const halves = thresholdsFor(scores, { cosine: { quantile: 0.5 } });
  expect(scores.filter((each) => isChosen(each, halves))).toHaveLength(20);
  for (const share of [0.1, 0.25, 0.5]) {
    const found = thresholdsFor(scores, { share });
    expect(Math.abs(scores.filter((each) => isChosen(each, found)).length - 40 * share)).toBeLessThanOrEqual(1);
  }
  expect(isChosen({ cosine: null, magnitude: 1 }, { cosine: 2, magnitude: 0 })).toBe(false);
});

test("quantiles lie between their neighbours, and a distribution names them", () => {
  expect(quantile([1, 2, 4], 0.75)).toBe(3);
  expect(describeDistribution("cosine", [0.4, 0.8])).toMatch(/^cosine: minimum 0\.4, .*median 0\.6, .*maximum 0\.8$/);
});

test("random answers replace every token of the answer, or at most half of them, in input and labels alike", () => {
  const example = { ids: Int32Array.of(1, 2, 3, 10, 11, 12, 13), labels: Int32Array.of(-100, -100, 10, 11, 12, 13, 9) };
  const plainIds = [...Array(8)].map((_, i) => 20 + i).concat(10, 11, 12, 13);
  const copies = (half: boolean) => randomAnswers([example], { repeats: 50, half, plainIds }, createRandom(1));
  for (const { ids, labels } of copies(false)) {
    expect([...ids.subarray(0, 3), ...labels.subarray(0, 2), labels[6]]).toEqual([1, 2, 3, -100, -100, 9]);
    expect([...ids.subarray(3)]).toEqual([...labels.subarray(2, 6)]);
  }
  expect(new Set(copies(false).map(({ labels }) => labels.join())).size).toBe(50);
  const changed = copies(true).map(({ labels }) => labels.filter((label, t) => label !== example.labels[t]).length);
  expect(Math.max(...changed)).toBe(2);
  expect(Math.min(...changed)).toBeLessThan(2);
});
