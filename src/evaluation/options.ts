// The `evaluation` part of a configuration: on which sets, with which metrics, how often.

import { z } from "zod";
import { dataSources } from "../unlearning/config.ts";

const metric = z.union([z.string(), z.looseObject({ name: z.string() })]);
const metrics = z.array(metric).nonempty();

const set = z.strictObject({
  data: dataSources,
  role: z.enum(["forget", "retain", "general"]).describe("which side of the request these records are on"),
  title: z.string().optional().describe("words for a table row; the set's name when left out"),
  generate: z
    .union([z.boolean(), z.number().int().positive()])
    .default(false)
    .describe("let the model answer: all records, or the first so many"),
  metrics: metrics.optional().describe("instead of the common ones"),
});

export const evaluationOptions = z.strictObject({
  sets: z.record(z.string().regex(/^[\w-]+$/), set),
  metrics: metrics
    .default([
      "probability",
      "token-accuracy",
      "exact-memorisation",
      "extraction-strength",
      "perplexity",
      "rouge-l",
      "exact-answer",
    ])
    .describe("those that need answers are measured on sets with `generate`"),
  mode: z.enum(["corrected", "peer"]).default("corrected").describe("peer: repeat the published code, quirks included"),
  every: z
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe("steps between points of the trajectory; 0: beginning and end only"),
  maxNewTokens: z.number().int().positive().default(80),
  batchSize: z.number().int().positive().default(32),
  corpus: dataSources.optional().describe("text that counts as language, for the metric `gibberish`"),
  retrained: z.string().optional().describe("model trained without the forget data: the goal of forgetting"),
});

export type EvaluationOptions = z.output<typeof evaluationOptions>;
