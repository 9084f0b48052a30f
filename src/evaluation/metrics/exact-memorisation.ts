// Exact memorisation: the share of answer tokens that the model would have written itself.

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { contentLength, matches } from "./teacher-forced.ts";

export const exactMemorisation = defineMetric({
  name: "exact-memorisation",
  summary: "share of answer tokens whose most probable prediction is the label; records without a token are left out",
  needs: "teacher-forced",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: "Tirumala et al. (arXiv 2205.10770); OpenUnlearning (arXiv 2506.12618)",
  modes: ["peer", "corrected"],
  quirk: "the published code drops the last label even if it is not an end token",
  options: z.strictObject({}),
  measure: (_options, mode) => (example) => {
    const count = mode === "peer" ? Math.max(0, example.labels.length - 1) : contentLength(example);
    return count === 0 ? null : matches(example, count).filter(Boolean).length / count;
  },
});
