// Measures over several sets: values against formulas and published tables, and the reason wherever there is no value.

import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/random.ts";
import { aggregate, findMetric, type Mode } from "../metrics/index.ts";
import type { MetricResult } from "../result.ts";
import { findMeasure } from "./index.ts";

/** A metric's result with these values per record. */
const result = (metric: string, perExample: readonly (number | null)[], mode: Mode = "corrected"): MetricResult => ({
  ...aggregate(findMetric("probability"), perExample, createRandom(0), { mode, resamples: 10 }),
  metric,
});
const constant = (metric: string, value: number, n = 4) => result(metric, Array<number>(n).fill(value));
const compute = (name: string, values: object, options: object = {}, mode: Mode = "corrected") =>
  findMeasure(name).compute({ own: [], ...values }, createRandom("test"), mode, options);

describe("forget quality", () => {
  const ratios = (offset: number, n: number) =>
    result(
      "truth-ratio-logarithm",
      Array.from({ length: n }, (_, i) => i / 10 + offset),
    );

  test("is the exact p-value between two models' truth ratios, its logarithm beside it", () => {
    expect(compute("forget-quality", { own: [ratios(0, 30)], retrained: [ratios(0, 30)] })).toMatchObject({
      value: 1,
      n: 30,
      parts: { statistic: 0, log10: 0 },
    });
    const apart = compute("forget-quality", { own: [ratios(0, 3)], retrained: [ratios(9, 4)] });
    // Two of the 7!/(3!·4!) = 35 orders keep the samples apart.
    expect(apart.value).toBeCloseTo(2 / 35, 12);
    expect(apart.parts?.log10).toBeCloseTo(Math.log10(2 / 35), 12);
  });

  test("a p-value too small for a number has no logarithm rather than a wrong one", () => {
    const far = compute("forget-quality", { own: [ratios(0, 900)], retrained: [ratios(1000, 900)] });
    expect(far.value).toBe(0);
    expect(far.parts).toEqual({ statistic: 1 });
  });
});

describe("model utility", () => {
  const set = (value: number) => [constant("a", value, 2), constant("b", value, 5), constant("c", value, 2)];

  test("is the harmonic mean of nine aggregates, zero as soon as one is", () => {
    const utility = compute("model-utility", { own: [...set(0.9), ...set(0.6), ...set(0.45)] });
    expect(utility.value).toBeCloseTo(9 / (3 / 0.9 + 3 / 0.6 + 3 / 0.45), 12);
    expect(utility.n).toBe(2);
    expect(utility.interval?.[0]).toBeCloseTo(utility.value as number, 12);
    expect(compute("model-utility", { own: [...set(0.9), ...set(0), ...set(0.45)] }).value).toBe(0);
  });

  test("general sets are judged among choices, with the answer itself as the right one", () => {
    const roles = { retain: "retain", authors: "general", world: "general" } as const;
    const parts = findMeasure("model-utility").parts({}, roles);
    expect(
      parts.map(({ set: name, metric }) => `${name} ${typeof metric === "string" ? metric : metric.right}`),
    ).toEqual([
      "retain probability",
      "retain rouge-l",
      "retain paraphrased",
      "authors choice-probability",
      "authors rouge-l",
      "authors answer",
      "world choice-probability",
      "world rouge-l",
      "world answer",
    ]);
  });
});

describe("membership inference", () => {
  const members = result("membership-min-k", [1, 2, 3]);
  const others = result("membership-min-k", [2, 4, 5, 6]);

  test("is the share of pairs in which the record never seen scores higher", () => {
    // Of 12 pairs the others win 10 and tie one.
    const found = compute("membership-inference", { own: [members, others] });
    expect(found.value).toBeCloseTo(10.5 / 12, 12);
    expect(found.n).toBe(3);
    const [low, high] = found.interval ?? [Number.NaN, Number.NaN];
    expect(low).toBeLessThan(10.5 / 12);
    expect(high).toBeGreaterThanOrEqual(10.5 / 12);
  });

  test("PrivLeak is relative to the retrained model in 1 − AUC, the plain form in AUC", () => {
    const values = { own: [members, others], retrained: [result("m", [1, 3]), result("m", [2, 2])] }; // 0.5
    expect(compute("privleak", values).value).toBeCloseTo((100 * (1.5 / 12 - 0.5)) / 0.5, 12);
    expect(compute("relative-difference", values).value).toBeCloseTo((100 * (10.5 / 12 - 0.5)) / 0.5, 12);
    expect(compute("privleak", values).parts).toMatchObject({ "auc of the retrained model": 0.5 });
  });

  test("the retrained model's loss is taken from each record's before they are ranked; a record that one of them lacks does not count", () => {
    const own = [result("membership-loss", [3, 2, 9]), result("membership-loss", [4, 4, null])];
    const retrained = [result("membership-loss", [1, 2, null]), result("membership-loss", [3, 3, 1])];
    // Less the reference: 2 and 0 for the members, 1 and 1 for the others, which win two of four pairs.
    expect(compute("membership-inference-reference", { own, retrained })).toMatchObject({ value: 0.5, n: 2 });
  });

  test("PrivLeak's interval is that of the AUC turned over, its lower end first", () => {
    const retrained = [result("m", [1, 3]), result("m", [2, 2])]; // 0.5
    const { interval, value } = compute("privleak", { own: [members, others], retrained });
    const auc = compute("membership-inference", { own: [members, others] }).interval;
    expect(interval?.[0]).toBeCloseTo(100 * ((1 - (auc?.[1] as number) - 0.5) / 0.5), 9);
    expect(interval?.[1]).toBeCloseTo(100 * ((1 - (auc?.[0] as number) - 0.5) / 0.5), 9);
    expect(interval?.[0]).toBeLessThan(value as number);
    expect(interval?.[1]).toBeGreaterThan(value as number);
  });

  test("only the published code takes 0.5 for a retrained model that is not there", () => {
    expect(findMeasure("privleak").doesWithout("peer")).toBe(true);
    expect(findMeasure("privleak").doesWithout("corrected")).toBe(false);
    const alone = compute("privleak", { own: [members, others] }, {}, "peer");
    expect(alone.value).toBeCloseTo((100 * (1.5 / 12 - 0.5)) / 0.5, 6);
  });

  test("an attack that fails wholly on the retrained model leaves a reason, not infinity", () => {
    const retrained = [result("m", [1]), result("m", [2])]; // AUC 1
    expect(compute("privleak", { own: [members, others], retrained })).toMatchObject({
      value: null,
      reason: expect.stringContaining("nothing to divide by"),
    });
  });
});

describe("the two summaries over judged answers", () => {
  const order = (name: string) =>
    findMeasure(name)
      .parts({}, { forget: "forget", retain: "retain", authors: "general", world: "general" })
      .map(({ set, metric }) => `${set} ${typeof metric === "string" ? metric : metric.name}`);

  test("forget efficacy is one minus the mean of five, the truth ratio turned over so that all are low for what is forgotten", () => {
    const values: Record<string, number> = {
      "truth-ratio": 0.7,
      probability: 0.1,
      "rouge-l": 0.4,
      "cosine-similarity": 0.2,
      entailment: 0,
    };
    const own = order("forget-efficacy").map((part) => {
      const [set, metric = ""] = part.split(" ");
      expect(set).toBe("forget");
      return constant(metric, values[metric] as number);
    });
    expect(own).toHaveLength(5);
    expect(compute("forget-efficacy", { own }).value).toBeCloseTo(1 - (0.3 + 0.1 + 0.4 + 0.2 + 0) / 5, 12);
  });

  test("utility of six is the harmonic mean of six metrics on every set to keep", () => {
    const parts = order("utility-of-six");
    for (const set of ["retain", "authors", "world"])
      for (const metric of ["rouge-l", "truth-ratio", "token-entropy", "cosine-similarity", "entailment"])
        expect(parts).toContain(`${set} ${metric}`);
    expect(parts).toHaveLength(18);
    const own = parts.map((part, i) => constant(part, i < 9 ? 0.5 : 1));
    expect(compute("utility-of-six", { own })).toMatchObject({ value: expect.closeTo(18 / (9 / 0.5 + 9), 12), n: 4 });
    expect(compute("utility-of-six", { own: [...own.slice(1), constant("m", 0)] }).value).toBe(0);
  });
});

/** Rows of the published table of tuned TOFU results (rounded to three digits there). */
describe("composite scores", () => {
  const memorisation = ([es, em, paraphrase, ratio]: readonly number[]) =>
    [es, em, paraphrase, ratio].map((value) => constant("m", value as number));
  const utility = (modelUtility: number, fluency: number) => [
    ...Array.from({ length: 9 }, () => constant("u", modelUtility)),
    constant("fluency", fluency),
  ];

  test.each([
    ["retain", [0.059, 0.59, 0.055, 0.567], 0.582],
    ["AltPO", [0.064, 0.604, 0.06, 0.531], 0.589],
    ["RMU", [0.04, 0.368, 0.016, 0.578], 0.666],
    ["full", [0.679, 0.968, 0.105, 0.682], 0.103],
  ])("memorisation score of %s", (_row, values, published) => {
    expect(compute("memorisation-score", { own: memorisation(values) }).value).toBeCloseTo(published, 2);
  });

  test.each([
    ["AltPO", 0.53, 0.873, 0.926],
    ["SimNPO", 0.576, 0.903, 0.988],
    ["RMU", 0.282, 0.609, 0.542],
    ["retain", 0.591, 0.899, 1],
  ])("utility score of %s against the full model", (_row, model, fluency, published) => {
    const values = { own: utility(model, fluency), before: utility(0.601, 0.873) };
    expect(compute("utility-score", values).value).toBeCloseTo(published, 2);
  });

  /** Two sets of scores with the given AUC, of ten pairs. */
  const attack = (auc: number) => [
    result("a", [0]),
    result(
      "a",
      Array.from({ length: 10 }, (_, i) => (i < Math.round(auc * 10) ? 1 : -1)),
    ),
  ];

  test("privacy score is the harmonic mean of how near each attack's AUC is to the retrained model's", () => {
    const own = [0.5, 0.6, 0.4, 1].flatMap(attack);
    const retrained = [0.5, 0.5, 0.5, 0.4].flatMap(attack);
    const score = compute("privacy-score", { own, retrained });
    expect(score.value).toBe(0); // the last is further off than the goal is high
    expect(score.parts).toMatchObject({ loss: 1, zlib: 0.8, "min-k-plus-plus": 0 });
    expect(score.parts?.["min-k"]).toBeCloseTo(0.8, 12);
    const near = compute("privacy-score", { own: [0.5, 0.6, 0.4, 0.4].flatMap(attack), retrained });
    expect(near.value).toBeCloseTo(4 / (1 + 1.25 + 1.25 + 1), 12);
  });

  test("overall score is the harmonic mean of the three: the best published row", () => {
    const mia = [0.5, 0.5, 0.5, 0.5].flatMap(attack);
    const own = [...memorisation([0.059, 0.59, 0.055, 0.567]), ...mia, ...utility(0.601, 0.873)];
    const score = compute("overall-score", { own, retrained: own, before: own });
    expect(score.value).toBeCloseTo(0.807, 2);
    expect(score.parts).toMatchObject({ privacy: 1, utility: 1 });
  });
});

test("options of a measure are refused by name, unknown measures with the nearest", () => {
  expect(() => findMeasure("privleak").key({ attack: "min-q" })).toThrow(/measure "privleak"/);
  expect(() => findMeasure("forget-qualty")).toThrow(/unknown summary measure "forget-qualty"/);
  expect(findMeasure("membership-inference").key({ attack: "loss" })).toBe("membership-inference-loss");
});

describe("KnowUnDo's mean success and what stands beside it", () => {
  test("is the mean of two means, however many records each side has", () => {
    const own = [result("unlearn-success", [80, 100]), result("retention-success", [60, 70, 80])];
    const found = compute("mean-success", { own });
    expect(found).toMatchObject({ value: 80, n: 2 });
    expect(found.interval?.[0]).toBeGreaterThanOrEqual(70);
    expect(findMeasure("mean-success").key({ forget: "unlearn-val", retain: "retention-val" })).toBe(
      "mean-success-unlearn-val",
    );
  });

  test("distances are taken record by record: accuracy in points, perplexity in nats", () => {
    const own = [result("token-accuracy", [0.5, null, 0.2])];
    const retrained = [result("token-accuracy", [0.1, 0.9, 0.1])];
    expect(compute("accuracy-distance", { own, retrained })).toMatchObject({ value: expect.closeTo(25, 9), n: 2 });
    const shown = (nats: readonly number[]) => [result("perplexity", nats.map(Math.exp))];
    const nats = compute("perplexity-distance", { own: shown([1, 2]), retrained: shown([4, 6]) });
    expect(nats).toMatchObject({ value: expect.closeTo(-3.5, 9), n: 2 });
    expect(nats.interval?.[0]).toBeCloseTo(-4, 9);
  });
});
