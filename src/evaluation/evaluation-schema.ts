// Schemas of the evaluation files in a run folder, checked on reading. The types belong to the evaluation layer; this file only refuses what does not have them.
import { z } from "zod";
import type { Evaluation, TrajectoryPoint } from "./result.ts";

/** JSON has no word for NaN and infinity and holds null instead; such a number is read as NaN and shown as "not finite". */
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const metricResult = z
  .object({
    metric: z.string().min(1),
    mode: z.enum(["peer", "corrected"]),
    value: measured,
    n: z.int().nonnegative(),
    interval: z.tuple([measured, measured]),
    perExample: z.array(z.number().nullable()),
  })
  .refine((result) => !(result.interval[0] > result.interval[1]), {
    path: ["interval"],
    message: "the lower end is above the upper end",
  })
  .refine((result) => result.n <= result.perExample.length, {
    path: ["n"],
    message: "more examples counted than perExample holds",
  });

const setResult = z.object({
  set: z.string().min(1),
  title: z.string().min(1),
  role: z.enum(["forget", "retain", "general"]),
  records: z.object({ n: z.int().nonnegative(), sha256: z.string() }).exactOptional(),
  metrics: z.record(z.string(), metricResult),
  notComputed: z.record(z.string(), z.string()).exactOptional(),
  samples: z.array(z.object({ question: z.string(), expected: z.string(), generated: z.string() })),
});

const summaryValue = z
  .object({
    measure: z.string().min(1),
    mode: z.enum(["peer", "corrected"]),
    value: z.number().nullable(),
    n: z.int().nonnegative(),
    interval: z.tuple([measured, measured]).exactOptional(),
    reference: z.string().exactOptional(),
    reason: z.string().exactOptional(),
    parts: z.record(z.string(), z.number()).exactOptional(),
  })
  .refine((summary) => summary.value !== null || summary.reason !== undefined, {
    path: ["reason"],
    message: "a measure without a value must say why",
  });

/** One file `evaluation/<column>.json`. */
export const evaluationFile: z.ZodType<Evaluation> = z.object({
  column: z.string().min(1),
  model: z.string(),
  seed: z.int(),
  alpha: z.number().exactOptional(),
  tokenizer: z.string().exactOptional(),
  sets: z.array(setResult),
  summary: z.record(z.string(), summaryValue).default({}),
});

/** One line of `evaluation/trajectory.jsonl`. */
export const trajectoryLine: z.ZodType<TrajectoryPoint> = z.object({
  step: z.int().nonnegative(),
  sets: z.record(z.string(), z.record(z.string(), measured)),
});
