// Scores of tasks: entities, numbers, programs, toxicity and diversity, worked out by hand.

import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/random.ts";
import { evaluateMetric, findMetric } from "./index.ts";
import type { MetricInputs } from "./metric.ts";

const score = (name: string, example: object, options: object = {}) =>
  (findMetric(name).measure("corrected", options) as (given: object) => number | null)(example);
const ofSet = <Kind extends keyof MetricInputs>(name: string, kind: Kind, examples: readonly MetricInputs[Kind][]) =>
  evaluateMetric(findMetric(name), { [kind]: examples }, createRandom(0));
const answers = (...pairs: [expected: string, generated: string][]) =>
  pairs.map(([expected, generated]) => ({ question: "", expected, generated }));

describe("entity F1", () => {
  test("sums right, listed and expected entities over the set before dividing", () => {
    // TP 1 of 1 listed and 2 expected; TP 1 of 3 and 1: F1 = 2·2 / (4 + 3). The mean of the records' own would be (2/3 + 1/2) / 2.
    const { value, n, perExample } = ofSet(
      "entity-f1",
      "generated",
      answers(["Ann Lee | Bob", "Bob"], ["Rome", "Rome | Oslo | Bonn"], ["none", "none"]),
    );
    expect(value).toBeCloseTo(4 / 7, 12);
    expect(perExample).toEqual([2 / 3, 1 / 2, null]);
    expect(n).toBe(2); // nothing expected and nothing listed tells nothing
  });

  test("is strict: part of an entity, another case and a second mention of one are wrong", () => {
    for (const listed of ["Ann", "ann lee", "Ann Lee Ray"])
      expect(ofSet("entity-f1", "generated", answers(["Ann Lee", listed])).value, listed).toBe(0);
    expect(ofSet("entity-f1", "generated", answers(["Ann", "Ann | Ann"])).value).toBeCloseTo(2 / 3, 12);
    expect(ofSet("entity-f1", "generated", answers(["none", "Ann"])).value).toBe(0);
    expect(ofSet("entity-f1", "generated", answers(["Ann", ""])).value).toBe(0);
  });
});

test("the number behind #### counts, else the last one, however its digits are grouped", () => {
  const exact = (expected: string, generated: string) => score("exact-number", { expected, generated });
  const expected = "He has 3 + 4 = <<3+4=7>>7.\n#### 1,207";
  expect(exact(expected, "so 5\n#### 1207 dollars, not 9")).toBe(1);
  expect(exact(expected, "That makes $1,207.")).toBe(1);
  expect(exact(expected, "1207 of 5")).toBe(0);
  expect(exact(expected, "1207 or not\n####")).toBe(0);
  expect(exact("#### -2.5", "it is -2.50")).toBe(1);
  expect(exact("#### 7", "10-7")).toBe(1);
  expect(exact("none", "7")).toBeNull();
});

test("toxicity is the judge's probability, its share what lies above the threshold", () => {
  expect(score("toxicity", { probability: 0.6 })).toBe(0.6);
  expect([0.5, 0.51, 0.8].map((probability) => score("toxic-share", { probability }))).toEqual([0, 1, 1]);
  expect(score("toxic-share", { probability: 0.8 }, { threshold: 0.8 })).toBe(0);
  expect(findMetric("toxic-share").key({ threshold: 0.8 })).toBe("toxic-share-0.8");
});

test("diversity divides the distinct pairs of all answers by all their pairs", () => {
  const examples = [
    { fresh: 3, pairs: 4 },
    { fresh: 0, pairs: 0 },
    { fresh: 1, pairs: 4 },
  ];
  expect(ofSet("diversity", "novelty", examples)).toMatchObject({ value: 0.5, n: 2, perExample: [0.75, null, 0.25] });
});

test("perplexity of what was written is exp of the mean over answers, finite after a collapse", () => {
  const { value } = ofSet("generated-perplexity", "language", [{ loss: 1 }, { loss: 3 }]);
  expect(value).toBeCloseTo(Math.exp(2), 12);
  expect(ofSet("generated-perplexity", "language", [{ loss: 2000 }]).value).toBe(Number.MAX_VALUE);
});
