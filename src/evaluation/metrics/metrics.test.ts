import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/random.ts";
import { aggregate, type ContrastExample, evaluateMetric, findMetric, type Mode, metrics, modeOf } from "./index.ts";
import type { AnyMetric, GeneratedExample, TeacherForcedExample } from "./metric.ts";

/** An answer by what the model predicts right: "1101" and log-probabilities; a trailing "." marks an end token (predicted right). */
function answer(hits: string, logProbabilities?: readonly number[]): TeacherForcedExample {
  const hasEnd = hits.endsWith(".");
  const labels = [...hits].map((_, i) => 10 + i);
  return {
    labels,
    logProbabilities: logProbabilities ?? labels.map(() => -1),
    predictions: [...hits].map((hit, i) => (hit === "0" ? 0 : 10 + i)),
    hasEnd,
  };
}

const random = () => createRandom("test");

/** Value of a metric on one example. */
function one(
  name: string,
  example: TeacherForcedExample | GeneratedExample | ContrastExample,
  mode: Mode,
  options?: unknown,
) {
  const metric = findMetric(name) as AnyMetric;
  const inputs = { [metric.needs]: [example] };
  return evaluateMetric(metric, inputs, random(), { mode, options, resamples: 10 }).perExample[0];
}

const text = (generated: string, expected = ""): GeneratedExample => ({ question: "q", expected, generated });

describe("teacher-forced metrics", () => {
  test("probability is exp of the mean log-probability, end token included", () => {
    expect(one("probability", answer("11.", [-0.5, -1, -3]), "corrected")).toBeCloseTo(Math.exp(-1.5), 12);
    expect(one("probability", answer("", []), "corrected")).toBeNull();
    expect(one("probability", answer("1", [Number.NEGATIVE_INFINITY]), "corrected")).toBe(0);
  });

  test("exact memorisation drops the last label in peer mode, only an end token in corrected mode", () => {
    expect(one("exact-memorisation", answer("110."), "peer")).toBeCloseTo(2 / 3, 12);
    expect(one("exact-memorisation", answer("110."), "corrected")).toBeCloseTo(2 / 3, 12);
    expect(one("exact-memorisation", answer("110"), "peer")).toBe(1);
    expect(one("exact-memorisation", answer("110"), "corrected")).toBeCloseTo(2 / 3, 12);
    for (const mode of ["peer", "corrected"] as const) expect(one("exact-memorisation", answer("."), mode)).toBeNull();
  });

  test("extraction strength counts from the last miss on", () => {
    for (const mode of ["peer", "corrected"] as const) {
      expect(one("extraction-strength", answer("0011."), mode)).toBe(0.5);
      expect(one("extraction-strength", answer("1111."), mode)).toBe(1);
      expect(one("extraction-strength", answer("0111."), mode)).toBe(0.75);
    }
  });

  test("extraction strength never falls below 1/n in peer mode; the corrected floor is 0", () => {
    expect(one("extraction-strength", answer("0000."), "peer")).toBe(0.25);
    expect(one("extraction-strength", answer("0001."), "peer")).toBe(0.25);
    expect(one("extraction-strength", answer("0000."), "corrected")).toBe(0);
    expect(one("extraction-strength", answer("0001."), "corrected")).toBe(0.25);
    expect(one("extraction-strength", answer("1110"), "peer")).toBe(1);
    expect(one("extraction-strength", answer("1110"), "corrected")).toBe(0);
  });

  test("an empty answer has extraction strength 0 in peer mode and none in corrected mode", () => {
    for (const empty of [answer(""), answer(".")]) {
      expect(one("extraction-strength", empty, "peer")).toBe(0);
      expect(one("extraction-strength", empty, "corrected")).toBeNull();
    }
  });

  test("perplexity of a set is exp of the mean of per-record means, not the mean of perplexities", () => {
    const records = [answer("11", [-1, -3]), answer("1111", [-4, -4, -4, -4])];
    const result = evaluateMetric(findMetric("perplexity"), { "teacher-forced": records }, random());
    expect(result.value).toBeCloseTo(Math.exp(3), 10);
    expect(result.perExample[0]).toBeCloseTo(Math.exp(2), 12);
    expect(result.interval[0]).toBeCloseTo(Math.exp(2), 10);
    expect(result.interval[1]).toBeCloseTo(Math.exp(4), 10);
  });

  test("perplexity can leave the end token out and stays finite however far a model diverged", () => {
    expect(one("perplexity", answer("1.", [-2, -8]), "corrected", { includeEnd: false })).toBeCloseTo(Math.exp(2), 12);
    expect(one("perplexity", answer("1", [-5000]), "corrected")).toBe(Number.MAX_VALUE);
    expect(one("perplexity", answer("1", [Number.NEGATIVE_INFINITY]), "corrected")).toBe(Number.MAX_VALUE);
  });

  test("unlearn success is 100 minus, retention success 100 times the token accuracy without the end token", () => {
    const example = answer("1000.");
    expect(one("token-accuracy", example, "peer")).toBe(0.25);
    expect(one("token-accuracy", example, "peer", { includeEnd: true })).toBe(0.4);
    expect(one("unlearn-success", example, "peer")).toBe(75);
    expect(one("retention-success", example, "peer")).toBe(25);
  });

  test("success rates average over records, not over tokens", () => {
    const records = [answer("1"), answer("0000")];
    const result = evaluateMetric(findMetric("retention-success"), { "teacher-forced": records }, random());
    expect(result.value).toBe(50);
  });

  test("a NaN log-probability and lists of different lengths are errors, not numbers", () => {
    expect(() => one("probability", answer("11", [-1, Number.NaN]), "peer")).toThrow(/NaN/);
    expect(() => one("perplexity", { ...answer("11"), logProbabilities: [-1] }, "peer")).toThrow(
      /2 labels with 1 log-prob/,
    );
    expect(() => one("token-accuracy", { ...answer("11"), predictions: [] }, "peer")).toThrow(/0 predictions/);
  });
});

describe("metrics of generated text", () => {
  test("exact answer forgives case, spaces and surrounding punctuation, nothing else", () => {
    const exact = (expected: string, generated: string) => one("exact-answer", text(generated, expected), "corrected");
    expect(exact("Rue de l'Église 5", "  rue de  l'église 5. ")).toBe(1);
    expect(exact("a.b@mail.example", "a.b@mail.example.")).toBe(1);
    expect(exact("a.b@mail.example", "ab@mail.example")).toBe(0);
    expect(exact("Paris", "Paris, France")).toBe(0);
    expect(exact("5", "ﬁve")).toBe(0);
  });

  test("distinct words is the share of different words, undefined without words", () => {
    expect(one("distinct-words", text("The cat and the Cat."), "corrected")).toBe(0.6);
    expect(one("distinct-words", text("?!"), "corrected")).toBeNull();
  });

  test("gibberish: too short, repeating, or joined as nowhere in the data", () => {
    const options = { corpus: ["The cat sat on the mat.", "A dog ran home."] };
    const gibberish = (answer: string) => one("gibberish", text(answer), "corrected", options);
    expect(gibberish("the cat sat on the mat")).toBe(0);
    expect(gibberish("the cat sat on a dog")).toBe(0); // 4 of 5 pairs are known
    expect(gibberish("mat the on sat cat")).toBe(1); // none is
    expect(gibberish("the cat the cat the cat the cat")).toBe(1); // 2 of 8 words are distinct
    expect(gibberish("the cat")).toBe(1);
    expect(gibberish("")).toBe(1);
    expect(() => one("gibberish", text("x"), "corrected")).toThrow(/gibberish/);
    expect(() => one("gibberish", text("x"), "corrected", { corpus: [] })).toThrow(
      /corpus must be a list of at least 1/,
    );
  });
});

describe("right answers against wrong ones", () => {
  const example: ContrastExample = { answer: 1, paraphrased: [2, 4], perturbed: [3, 5, 7] }; // R = exp(3 − 5)

  test("truth ratio averages losses, so that probabilities average geometrically", () => {
    expect(one("truth-ratio", example, "corrected")).toBeCloseTo(Math.exp(-2), 12);
    expect(one("truth-ratio", example, "corrected", { form: "true-better" })).toBeCloseTo(1 - Math.exp(-2), 12);
    expect(one("truth-ratio", example, "corrected", { form: "share" })).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
    expect(one("truth-ratio", example, "corrected", { right: "answer" })).toBeCloseTo(Math.exp(-4), 12);
  });

  test("closer-to-one treats a preference for wrong answers like one for right answers, true-better does not", () => {
    const wrongPreferred: ContrastExample = { answer: 0, paraphrased: [5], perturbed: [3] };
    expect(one("truth-ratio", wrongPreferred, "corrected")).toBeCloseTo(Math.exp(-2), 12);
    expect(one("truth-ratio", wrongPreferred, "corrected", { form: "true-better" })).toBe(0);
  });

  test("peer and corrected mode part only where probabilities are tiny", () => {
    expect(one("truth-ratio", example, "peer")).toBeCloseTo(one("truth-ratio", example, "corrected") as number, 8);
    const collapsed: ContrastExample = { answer: 200, paraphrased: [200], perturbed: [201] };
    expect(one("truth-ratio", collapsed, "corrected")).toBeCloseTo(Math.exp(-1), 12);
    expect(one("truth-ratio", collapsed, "peer")).toBeLessThan(1e-70);
    expect(one("choice-probability", collapsed, "corrected")).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
    expect(one("choice-probability", collapsed, "peer")).toBeLessThan(1e-70);
  });

  test("choice probability is the right answer's share", () => {
    const shares: ContrastExample = {
      answer: -Math.log(0.5),
      paraphrased: [],
      perturbed: [-Math.log(0.25), -Math.log(0.25)],
    };
    for (const mode of ["peer", "corrected"] as const)
      expect(one("choice-probability", shares, mode)).toBeCloseTo(0.5, 9);
  });

  test("a record without rephrased or wrong answers does not count", () => {
    for (const mode of ["peer", "corrected"] as const) {
      expect(one("truth-ratio", { answer: 1, paraphrased: [], perturbed: [1] }, mode)).toBeNull();
      expect(one("truth-ratio", { answer: 1, paraphrased: [1], perturbed: [] }, mode)).toBeNull();
      expect(one("choice-probability", { answer: 1, paraphrased: [1], perturbed: [] }, mode)).toBeNull();
      expect(one("paraphrase-probability", { answer: 1, paraphrased: [], perturbed: [1] }, mode)).toBeNull();
    }
    expect(
      one("truth-ratio", { answer: 1, paraphrased: [], perturbed: [2] }, "corrected", { right: "answer" }),
    ).toBeCloseTo(Math.exp(-1), 12);
  });

  test("paraphrase probability averages the probabilities of rephrasings", () => {
    expect(one("paraphrase-probability", example, "peer")).toBeCloseTo((Math.exp(-2) + Math.exp(-4)) / 2, 12);
  });

  test("the logarithm of a truth ratio that underflows stays finite and in order", () => {
    const log = { form: "logarithm" };
    expect(one("truth-ratio", example, "corrected", log)).toBe(-2);
    const collapsed: ContrastExample = { answer: 0, paraphrased: [1], perturbed: [2000] };
    expect(one("truth-ratio", collapsed, "peer", log)).toBeLessThan(-700);
    expect(one("truth-ratio", collapsed, "peer", log)).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    expect(one("truth-ratio", collapsed, "corrected", log)).toBe(-1999);
  });
});

describe("aggregate", () => {
  const probability = findMetric("probability");

  test("nulls do not count, and the interval holds the value", () => {
    const result = aggregate(probability, [0.2, null, 0.4, 0.9], random());
    expect(result).toMatchObject({ metric: "probability", mode: "corrected", n: 3, perExample: [0.2, null, 0.4, 0.9] });
    expect(result.value).toBeCloseTo(0.5, 12);
    expect(result.interval[0]).toBeLessThan(0.5);
    expect(result.interval[1]).toBeGreaterThan(0.5);
  });

  test("the interval does not depend on what was drawn before", () => {
    const fresh = random();
    const used = random();
    used.uniform();
    const values = Array.from({ length: 30 }, (_, i) => Math.abs(Math.sin(i)));
    expect(aggregate(probability, values, used)).toEqual(aggregate(probability, values, fresh));
  });

  test("nothing that counts gives n = 0 and no number", () => {
    expect(aggregate(probability, [null], random())).toMatchObject({
      n: 0,
      value: Number.NaN,
      interval: [Number.NaN, Number.NaN],
    });
  });

  test("a NaN is refused with the record's place", () => {
    expect(() => aggregate(probability, [0.1, Number.NaN], random())).toThrow(/"probability" is NaN for record 2/);
  });

  test("a set without the inputs a metric needs is refused", () => {
    expect(() => evaluateMetric(findMetric("rouge-l"), { "teacher-forced": [] }, random())).toThrow(
      /needs generated examples/,
    );
  });
});

describe("the table", () => {
  test("names are kebab-case, and every entry says what a report needs", () => {
    expect(metrics.size).toBeGreaterThan(30);
    for (const [name, metric] of metrics) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(metric.summary.length).toBeGreaterThan(20);
      expect(metric.source).not.toBe("");
      expect(metric.quirk === undefined || metric.modes.length === 2, `${name}: a quirk needs both modes`).toBe(true);
    }
  });

  test("a mistyped name is refused with the nearest one", () => {
    expect(() => findMetric("rogue-l")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('"rouge-l"') }),
    );
  });

  test("a metric without the wanted mode runs in the one it has", () => {
    expect(modeOf(findMetric("gibberish"), "peer")).toBe("corrected");
    expect(modeOf(findMetric("rouge-l"), "peer")).toBe("peer");
  });
});
