import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { porterStem } from "../../text/porter-stemmer.ts";
import { rouge1, rougeL, rougeTokens } from "../../text/rouge.ts";
import { rougeLMetric } from "./rouge.ts";

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));

type Row = [target: string, prediction: string, stemmed: number[], plain: number[]];

test("320 pairs of texts give rouge_score's recall, precision and F1, stemmed and not", () => {
  const rows = fixture("rouge") as Row[];
  expect(rows.length).toBeGreaterThanOrEqual(300);
  for (const [target, prediction, ...golden] of rows) {
    [true, false].forEach((stem, i) => {
      const reference = rougeTokens(target, { stem });
      const candidate = rougeTokens(prediction, { stem });
      const scores = [rouge1(reference, candidate), rougeL(reference, candidate)];
      const got = scores.flatMap(({ recall, precision, f1 }) => [recall, precision, f1]);
      got.forEach((value, k) => {
        expect(value, `${JSON.stringify([target, prediction])}, stem ${stem}, score ${k}`).toBeCloseTo(
          golden[i]?.[k] as number,
          11,
        );
      });
    });
  }
});

test("4,000 words stem as NLTK's PorterStemmer stems them", () => {
  const words = (fixture("stems") as string).split(" ").map((entry) => entry.split(":") as [string, string]);
  expect(words.length).toBeGreaterThanOrEqual(4000);
  const wrong = words.filter(([word, stem]) => porterStem(word) !== stem);
  expect(wrong.map(([word, stem]) => `${word}: ${porterStem(word)}, not ${stem}`)).toEqual([]);
});

test("in peer mode other scripts have no tokens, in corrected mode they count", () => {
  const example = { question: "", expected: "Привет, мир", generated: "привет мир" };
  expect(rougeLMetric.measure("peer")(example)).toBe(0);
  expect(rougeLMetric.measure("corrected")(example)).toBe(1);
  expect(rougeTokens("Café n° 5", { mode: "corrected" })).toEqual(["café", "n", "5"]);
  expect(rougeTokens("Café n° 5")).toEqual(["caf", "n", "5"]);
});

test("composed and decomposed letters are the same word in corrected mode", () => {
  const example = { question: "", expected: "café", generated: "cafe\u0301" };
  expect(rougeLMetric.measure("corrected")(example)).toBe(1);
});

test("an empty expected answer is undefined in corrected mode, zero in peer mode", () => {
  const example = { question: "q", expected: " ... ", generated: "words" };
  expect(rougeLMetric.measure("corrected")(example)).toBeNull();
  expect(rougeLMetric.measure("peer")(example)).toBe(0);
});

test("options choose the score and the stemmer, and unknown ones are refused", () => {
  const example = { question: "", expected: "she was running home", generated: "running" };
  expect(rougeLMetric.measure("peer")(example)).toBe(0.25);
  expect(rougeLMetric.measure("peer", { score: "precision" })(example)).toBe(1);
  expect(rougeLMetric.measure("peer", { score: "f1" })(example)).toBeCloseTo(0.4, 12);
  const forms = { question: "", expected: "running", generated: "runs" };
  expect(rougeLMetric.measure("peer")(forms)).toBe(1);
  expect(rougeLMetric.measure("peer", { stem: false })(forms)).toBe(0);
  expect(() => rougeLMetric.measure("peer", { score: "f2" })).toThrow(/rouge-l/);
  expect(() => rougeLMetric.measure("peer", { stemmer: true })).toThrow(/stemmer/);
});

const tokens = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 20 });

test("scores stay in [0, 1]; swapping the texts swaps recall and precision and keeps F1; ROUGE-L never beats ROUGE-1", () => {
  fc.assert(
    fc.property(tokens, tokens, (x, y) => {
      for (const rouge of [rouge1, rougeL]) {
        const there = rouge(x, y);
        const back = rouge(y, x);
        for (const value of Object.values(there)) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        expect(back.f1).toBeCloseTo(there.f1, 12);
        expect(back.recall).toBe(there.precision);
      }
      expect(rougeL(x, y).recall).toBeLessThanOrEqual(rouge1(x, y).recall);
      if (x.length > 0) expect(rougeL(x, [...y, ...x]).recall).toBe(1);
    }),
  );
});

test("any text can be scored", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (expected, generated) => {
      for (const mode of ["peer", "corrected"] as const) {
        const value = rougeLMetric.measure(mode, { score: "f1" })({ question: "", expected, generated });
        expect(value === null || (value >= 0 && value <= 1)).toBe(true);
      }
    }),
  );
});
