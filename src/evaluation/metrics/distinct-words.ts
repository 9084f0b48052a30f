// Distinct words: the simplest sign of a model that repeats itself.

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { wordsOf } from "./words.ts";

export const distinctWords = defineMetric({
  name: "distinct-words",
  summary: "distinct words / words of each generated answer; answers without a word are left out",
  needs: "generated",
  better: { forget: "neutral", retain: "higher", general: "higher" },
  source: "Li et al. (arXiv 1510.03055), distinct-1, per answer",
  modes: ["corrected"],
  options: z.strictObject({}),
  measure:
    () =>
    ({ generated }) => {
      const words = wordsOf(generated);
      return words.length === 0 ? null : new Set(words).size / words.length;
    },
});
