// Probability: how likely the model finds the whole answer, per token.

import { z } from "zod";
import { defineMetric } from "./metric.ts";
import { meanNegativeLogLikelihood } from "./teacher-forced.ts";

export const probability = defineMetric({
  name: "probability",
  summary: "exp(−mean negative log-likelihood) of the answer's tokens, end token included; mean over records",
  needs: "teacher-forced",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: "TOFU (arXiv 2401.06121), probability",
  modes: ["peer", "corrected"],
  options: z.strictObject({}),
  measure: () => (example) => {
    const nll = meanNegativeLogLikelihood(example, example.labels.length);
    return nll === null ? null : Math.exp(-nll);
  },
});
