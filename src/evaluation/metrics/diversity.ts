// Diversity: do the answers of a set say different things, or the same again and again?

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { counted, ratioOfSums } from "./ratio.ts";

export const diversity = defineMetric({
  name: "diversity",
  summary: "distinct pairs of neighbouring words in all answers together / all such pairs",
  needs: "novelty",
  better: { forget: "neutral", retain: "higher", general: "higher" },
  source:
    "Li et al. (arXiv 1510.03055), distinct-2; of one answer: the share of its pairs that no answer before it has",
  modes: ["corrected"],
  options: z.strictObject({}),
  measure:
    () =>
    ({ fresh, pairs }) =>
      counted(fresh, pairs),
  ...ratioOfSums,
});
