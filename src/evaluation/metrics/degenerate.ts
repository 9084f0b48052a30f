// Degenerate answers: too short to say anything, or the same words over and over. A rule that needs no text to compare with.

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { wordsOf } from "./words.ts";

export const degenerateOptions = {
  /** Fewer words than this are no answer. */
  minimumWords: z.number().int().min(0).default(3),
  /** A smaller share of distinct words is repetition. */
  minimumDistinct: z.number().min(0).max(1).default(0.5),
};

interface Limits {
  readonly minimumWords: number;
  readonly minimumDistinct: number;
}

export const isDegenerate = (words: readonly string[], { minimumWords, minimumDistinct }: Limits): boolean =>
  words.length < minimumWords || (words.length > 0 && new Set(words).size / words.length < minimumDistinct);

export const degenerate = defineMetric({
  name: "degenerate",
  summary: "share of generated answers that have fewer than three words, or less than half of them distinct",
  needs: "generated",
  // A retrained model that never learned an answer may babble, too.
  better: { forget: "neutral", retain: "lower", general: "lower" },
  source: "rule of this project, calibrated on 1-7 M parameter models",
  modes: ["corrected"],
  options: z.strictObject(degenerateOptions),
  measure:
    (limits) =>
    ({ generated }) =>
      Number(isDegenerate(wordsOf(generated), limits)),
});
