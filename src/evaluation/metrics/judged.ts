// Answers as another model judges them: near in meaning, entailed, well written.

import { z } from "zod";
import { rougeL, rougeTokens } from "../../text/rouge.ts";
import { defineMetric } from "./metric.ts";

const closerLook = "A Closer Look at Machine Unlearning (arXiv 2410.08109)";

export const cosineSimilarity = defineMetric({
  name: "cosine-similarity",
  summary: "cosine of the embeddings of the generated and the expected answer, at least 0; mean over records",
  needs: "similarity",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: `${closerLook}, semantic similarity`,
  modes: ["peer", "corrected"],
  options: z.strictObject({}),
  measure:
    () =>
    ({ cosine }) =>
      Math.max(0, cosine),
});

export const entailment = defineMetric({
  name: "entailment",
  summary:
    "share of generated answers that entail the expected one (on sets that are not to be forgotten: that it entails)",
  needs: "entailment",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: `${closerLook}, factual correctness`,
  modes: ["peer", "corrected"],
  options: z.strictObject({
    /** An answer whose ROUGE-L recall is lower does not count as entailed, whatever the judge says. */
    leastRouge: z.number().min(0).max(1).default(0.1),
  }),
  measure:
    ({ leastRouge }, mode) =>
    ({ expected, generated, entailed }) => {
      const { recall } = rougeL(rougeTokens(expected, { mode }), rougeTokens(generated, { mode }));
      return Number(entailed && recall >= leastRouge);
    },
});

export const fluency = defineMetric({
  name: "fluency",
  summary: "probability that a classifier gives the generated answer of being clean text; mean over records",
  needs: "fluency",
  better: { forget: "higher", retain: "higher", general: "higher" },
  source: "OpenUnlearning (arXiv 2506.12618), gibberish: class 0 of its classifier",
  modes: ["peer", "corrected"],
  options: z.strictObject({}),
  measure:
    () =>
    ({ probability }) =>
      probability,
});
