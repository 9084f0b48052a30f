// Scores of generated answers and of choices: against rouge_score, sacrebleu and worked examples.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rouge2, rougeTokens } from "../../text/rouge.ts";
import { sentenceBleu } from "./bleu.ts";
import { findMetric, type Mode } from "./index.ts";

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as T;

const score = (name: string, example: object, options: object = {}, mode: Mode = "corrected") =>
  (findMetric(name).measure(mode, options) as (given: object) => number | null)(example);

test("ROUGE-2 equals rouge_score's, with stemmer and without", () => {
  type Triple = [precision: number, recall: number, f1: number];
  for (const [reference, prediction, ...expected] of fixture<[string, string, Triple, Triple][]>("rouge-2")) {
    [true, false].forEach((stem, i) => {
      const tokens = (text: string) => rougeTokens(text, { stem });
      const { precision, recall, f1 } = rouge2(tokens(reference), tokens(prediction));
      const values = [precision, recall, f1];
      (expected[i] as Triple).forEach((value, k) => {
        expect(values[k], `${reference} | ${prediction}`).toBeCloseTo(value, 12);
      });
    });
  }
});

test("BLEU of a sentence equals sacrebleu's", () => {
  const { sentences } = fixture<{ sentences: [reference: string, prediction: string, bleu: number][] }>("bleu");
  expect(sentences.length).toBeGreaterThan(100);
  for (const [reference, prediction, bleu] of sentences)
    expect(sentenceBleu(prediction, reference), `${reference} | ${prediction}`).toBeCloseTo(bleu, 9);
});

test("token entropy: even use is 1, one token over and over 0", () => {
  expect(score("token-entropy", { tokens: [1, 2, 1, 3] })).toBe(0.75); // the paper's worked example
  expect(score("token-entropy", { tokens: [5, 6, 7, 8] })).toBe(1);
  expect(score("token-entropy", { tokens: [5, 5, 5] })).toBeCloseTo(0, 12);
  expect(score("token-entropy", { tokens: [5] })).toBe(0);
  expect(score("token-entropy", { text: "known as text only" })).toBeNull();
});

test("verbatim and knowledge memorisation are ROUGE-L F1, stemmed as OpenUnlearning's or not as MUSE's own", () => {
  const example = { question: "", expected: "the cats sat", generated: "the cat sat down" };
  for (const name of ["verbatim-memorisation", "knowledge-memorisation"]) {
    expect(score(name, example)).toBeCloseTo((2 * 3) / 7, 12);
    expect(score(name, example, { stem: false })).toBeCloseTo((2 * 2) / 7, 12);
    expect(findMetric(name).key({ stem: false })).toBe(`${name}-unstemmed`);
  }
  expect(findMetric("rouge-l").key({ score: "f1" })).toBe("rouge-l-f1");
});

test("the most likely option wins; normalised, the most likely per character", () => {
  const example = { options: ["no", "certainly not"], correct: 1, logProbabilities: [-4, -13] };
  expect(score("choice-accuracy", example)).toBe(0);
  expect(score("choice-accuracy-normalised", example)).toBe(1); // −2 against −1 per character
  const tied = { options: ["a", "b"], correct: 1, logProbabilities: [-1, -1] };
  expect(score("choice-accuracy", tied)).toBe(0);
  expect(score("choice-accuracy", { ...tied, correct: 0 })).toBe(1);
  // "𝒳" is one character, as Python counts.
  const wide = { options: ["𝒳", "ab"], correct: 0, logProbabilities: [-1.9, -4] };
  expect(score("choice-accuracy-normalised", wide)).toBe(1);
});

test("an answer of two words, or of one word three times, is degenerate; word salad is not", () => {
  const of = (generated: string, options = {}) => score("degenerate", { generated }, options);
  expect(["She lives in Oslo.", "blue seven under", "", "In Oslo", "so so so"].map((text) => of(text))).toEqual([
    0, 0, 1, 1, 1,
  ]);
  expect(of("one two one two")).toBe(0);
  expect(of("one two one two", { minimumDistinct: 0.6 })).toBe(1);
});

test("fluency is the weighted entropy of runs of two and three words", () => {
  const of = (generated: string) => score("n-gram-entropy", { generated }) as number;
  // Pairs ab, bc, cd, de: 2 bits; triples abc, bcd, cde: log₂ 3.
  expect(of("a b c d e")).toBeCloseTo((2 * (2 / 3) + Math.log2(3) * (4 / 3)) / 2, 12);
  // ab twice and ba once: pairs and triples alike have one of two and one of one.
  const third = Math.log2(3) - 2 / 3;
  expect(of("a b a b")).toBeCloseTo((third * (2 / 3) + 1 * (4 / 3)) / 2, 12);
  expect(of("no no no no no no")).toBeCloseTo(0, 12);
  expect(of("")).toBe(0);
});

test("ROUGE-L of the likeliest tokens compares texts of equal prefixes, recall unless F1 is asked for", () => {
  const forced = { labels: [1], text: "she lives in Oslo today", predicted: "she lives at Oslo" };
  expect(score("rouge-l-forced", forced)).toBeCloseTo(3 / 5, 12);
  expect(score("rouge-l-forced", forced, { score: "f1" })).toBeCloseTo((2 * 3) / 9, 12);
  expect(score("rouge-l-forced", { labels: [1] })).toBeNull();
  expect(findMetric("rouge-l-forced").key({ score: "f1" })).toBe("rouge-l-forced-f1");
});
