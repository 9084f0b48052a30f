// Perplexity of what the model wrote, under another model: is it still language?

import { z } from "zod";
import { mean } from "../statistics/averages.ts";
import { defineMetric } from "./metric.ts";

/** exp, kept finite: what a collapsed model writes must survive JSON, which knows no infinity. */
const finiteExp = (x: number) => Math.min(Math.exp(x), Number.MAX_VALUE);

export const generatedPerplexity = defineMetric({
  name: "generated-perplexity",
  summary:
    "exp of the mean over answers of each generated answer's mean negative log-likelihood per token under the model evaluation.judges.language",
  needs: "language",
  better: { forget: "neutral", retain: "lower", general: "lower" },
  source: "RealToxicityPrompts-style fluency, as in DExperts (arXiv 2105.03023) §3.1.3, there under GPT-2 XL",
  modes: ["corrected"],
  undefinedWithout: "an answer that is not empty",
  options: z.strictObject({}),
  measure:
    () =>
    ({ loss }) =>
      loss,
  aggregate: (values) => finiteExp(mean(values)),
  show: finiteExp,
});
