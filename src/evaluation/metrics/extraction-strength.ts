// Extraction strength: how little of an answer must be given away before the model completes the rest by itself.

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { contentLength, matches } from "./teacher-forced.ts";

export const extractionStrength = defineMetric({
  name: "extraction-strength",
  summary: "1 − k/n with k the shortest prefix after which every prediction of the answer's n tokens is right",
  needs: "teacher-forced",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: "Carlini et al. (arXiv 2012.07805); Wang et al. (arXiv 2406.09179); OpenUnlearning (arXiv 2506.12618)",
  modes: ["peer", "corrected"],
  quirk:
    "the published code drops the last label even if it is not an end token, never goes below 1/n, and counts a record without a token as 0",
  options: z.strictObject({}),
  measure: (_options, mode) => (example) => {
    const count = mode === "peer" ? Math.max(0, example.labels.length - 1) : contentLength(example);
    if (count === 0) return mode === "peer" ? 0 : null;
    const k = matches(example, count).lastIndexOf(false) + 1; // first position after the last miss
    return 1 - (mode === "peer" ? Math.min(k, count - 1) : k) / count;
  },
});
