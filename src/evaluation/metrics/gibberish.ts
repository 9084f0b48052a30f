// Gibberish: answers that repeat themselves or string words together as no text of the data does. A rule, not a classifier:
// it suits models that know one narrow data set and no other language.

import { z } from "zod";
import { degenerateOptions, isDegenerate } from "./degenerate.ts";
import { defineMetric } from "./metric.ts";
import { wordsOf } from "./words.ts";

const options = z.strictObject({
  /** Texts whose pairs of neighbouring words count as language: normally all questions and answers of the data. */
  corpus: z.array(z.string()).min(1, "give the texts whose word pairs count as language"),
  ...degenerateOptions,
  /** A smaller share of word pairs that occur in the corpus is gibberish. */
  minimumKnownPairs: z.number().min(0).max(1).default(0.6),
});

export const gibberish = defineMetric({
  name: "gibberish",
  summary:
    "share of generated answers that are too short, repeat themselves, or join words as no text of the data does",
  needs: "generated",
  // A small model is incoherent on anything it never learned, so on the forget side gibberish is what a retrained model writes too.
  better: { forget: "neutral", retain: "lower", general: "lower" },
  source: "rule of this project, calibrated on 1-7 M parameter models",
  modes: ["corrected"],
  usesCorpus: true,
  options,
  measure: ({ corpus, minimumKnownPairs, ...limits }) => {
    const known = new Set(corpus.flatMap((text) => pairs(wordsOf(text))));
    return ({ generated }) => {
      const words = wordsOf(generated);
      if (isDegenerate(words, limits)) return 1;
      const neighbours = pairs(words);
      return Number(neighbours.filter((pair) => known.has(pair)).length < minimumKnownPairs * neighbours.length);
    };
  },
});

function pairs(words: readonly string[]): string[] {
  return words.slice(1).map((word, i) => `${words[i]} ${word}`);
}
