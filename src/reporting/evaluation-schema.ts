// Schemas of the evaluation files in a run folder, checked on reading. The types belong to the evaluation layer; this file only refuses what does not have them.
import { z } from "zod";
import type { Evaluation, TrajectoryPoint } from "../evaluation/result.ts";

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
  metrics: z.record(z.string(), metricResult),
  samples: z.array(z.object({ question: z.string(), expected: z.string(), generated: z.string() })),
});

/** One file `evaluation/<column>.json`. */
export const evaluationFile: z.ZodType<Evaluation> = z.object({
  column: z.string().min(1),
  model: z.string(),
  seed: z.int(),
  sets: z.array(setResult),
});

/** One line of `evaluation/trajectory.jsonl`. */
export const trajectoryLine: z.ZodType<TrajectoryPoint> = z.object({
  step: z.int().nonnegative(),
  sets: z.record(z.string(), z.record(z.string(), measured)),
});
