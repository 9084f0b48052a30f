// Fluency without a judge: how evenly an answer uses its pairs and triples of words. Repetition brings it down, word salad does not.

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { wordsOf } from "./words.ts";

/** Weight of the entropy of runs of so many words. */
const weights = [
  { n: 2, weight: 2 / 3 },
  { n: 3, weight: 4 / 3 },
] as const;

/** −Σ f log₂ f over the frequencies of runs of `n` words, in bits; 0 where there is none. */
function entropy(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const run = words.slice(i, i + n).join(" ");
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  const total = words.length - n + 1;
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0);
}

export const nGramEntropy = defineMetric({
  name: "n-gram-entropy",
  summary: "mean of 2/3 × entropy of word pairs and 4/3 × that of triples of each generated answer, in bits",
  needs: "generated",
  better: { forget: "neutral", retain: "neutral", general: "neutral" },
  source: "Zhang et al. (arXiv 1809.05972) entropy; weighted as fluency in ROME (arXiv 2202.05262)",
  modes: ["corrected"],
  options: z.strictObject({}),
  measure:
    () =>
    ({ generated }) => {
      const words = wordsOf(generated);
      return weights.reduce((sum, { n, weight }) => sum + weight * entropy(words, n), 0) / weights.length;
    },
});
