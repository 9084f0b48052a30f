// Perplexity of the answers.

import { z } from "zod";
import { mean } from "../statistics/averages.ts";
import { defineMetric } from "./metric.ts";
import { contentLength, meanNegativeLogLikelihood } from "./teacher-forced.ts";

const options = z.strictObject({
  /** Whether the end token counts. KnowUnDo's evaluation has none. */
  includeEnd: z.boolean().default(true),
});

/** exp, kept finite: a diverged model's perplexity must survive JSON, which knows no infinity. */
const finiteExp = (x: number) => Math.min(Math.exp(x), Number.MAX_VALUE);

export const perplexity = defineMetric({
  name: "perplexity",
  summary: "exp of the mean over records of each record's mean negative log-likelihood per answer token",
  needs: "teacher-forced",
  better: { forget: "higher", retain: "lower", general: "lower" },
  source: "KnowUnDo (arXiv 2407.01920) eq. 5",
  modes: ["peer", "corrected"],
  options,
  measure:
    ({ includeEnd }) =>
    (example) =>
      meanNegativeLogLikelihood(example, includeEnd ? example.labels.length : contentLength(example)),
  aggregate: (values) => finiteExp(mean(values)),
  show: finiteExp,
});
