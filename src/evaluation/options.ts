// The `evaluation` part of a configuration: on which sets, with which metrics, how often.

import { z } from "zod";
import { encodingOptions } from "../data/encoding.ts";
import { dataSources, named } from "../unlearning/config.ts";
import { judgeOptions } from "./judges/judge.ts";

const metrics = z.array(named).nonempty();

/** Measured where nothing else is asked for. */
export const defaultMetrics = [
  "probability",
  "token-accuracy",
  "exact-memorisation",
  "extraction-strength",
  "perplexity",
  "rouge-l",
  "exact-answer",
] as const;

const set = z.strictObject({
  data: dataSources,
  role: z.enum(["forget", "retain", "general"]).describe("which side of the request these records are on"),
  title: z.string().optional().describe("words for a table row; the set's name when left out"),
  generate: z
    .union([z.boolean(), z.number().int().positive()])
    .default(false)
    .describe("let the model answer: all records, or the first so many"),
  metrics: metrics.optional().describe("instead of the common ones"),
  maxNewTokens: z.number().int().positive().optional().describe("instead of the common number"),
  temperature: z
    .number()
    .nonnegative()
    .default(0)
    .describe("0: the likeliest answer; above, one is drawn, another for each time that a record is repeated"),
  stop: z.array(z.string().min(1)).default([]).describe("strings that end an answer, which is cut before them"),
  encoding: z
    .strictObject({
      template: encodingOptions.shape.template.unwrap().optional(),
      questionPrefix: z.string().optional().describe("may hold worked examples"),
      questionSuffix: z.string().optional(),
      separator: z.string().optional(),
      separatorIn: encodingOptions.shape.separatorIn.unwrap().optional(),
      endToken: z.boolean().optional(),
      loss: encodingOptions.shape.loss.unwrap().optional(),
    })
    .optional()
    .describe("asked in another form than trained on"),
});

export type SetOptions = z.output<typeof set>;

export const evaluationOptions = z.strictObject({
  sets: z
    .record(z.string().regex(/^[\w-]+$/), set)
    .refine((sets) => Object.keys(sets).length > 0, "name at least one set of records to measure on"),
  metrics: metrics
    .default([...defaultMetrics])
    .describe("those that need answers are measured on sets with `generate`"),
  mode: z.enum(["corrected", "peer"]).default("corrected").describe("peer: repeat the published code, quirks included"),
  every: z
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe("steps between points of the trajectory; 0: beginning and end only"),
  before: z
    .union([z.boolean(), z.string()])
    .default(true)
    .describe("measure the model before anything is changed, too; or a stored evaluation of it to compare with"),
  summary: z
    .array(named)
    .default([])
    .describe("measures over several sets or against a reference, such as forget-quality and model-utility"),
  reference: z
    .string()
    .optional()
    .describe("stored evaluation of the retrained model: Lethe's JSON, TOFU_EVAL.json or eval_log_aggregated.json"),
  maxNewTokens: z.number().int().positive().default(80),
  batchSize: z.number().int().positive().default(32),
  corpus: dataSources
    .optional()
    .describe("text that counts as language, for metrics that ask for it, such as `gibberish`"),
  unseen: dataSources
    .optional()
    .describe("a few records that no model was trained on, shown before each record by the attack `recall`"),
  judges: judgeOptions.default({}).describe("models that judge answers, for metrics that ask for one"),
  retrained: z.string().optional().describe("model trained without the forget data: the goal of forgetting"),
});

export type EvaluationOptions = z.output<typeof evaluationOptions>;
