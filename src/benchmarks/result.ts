// What a benchmark leaves: one row per run and per model that no method made, one column per measure. Plain data, written as JSON; the tables and the page
// are made of it. Knows nothing of how the numbers came about.

import { z } from "zod";

const resultColumn = z.object({
  /** Key of the cells. */
  measure: z.string().min(1),
  /** Words for a table head, such as "probability on forget10". */
  title: z.string().min(1),
  /** What it tells about: the request, or the rest. Decides on which axis of the Pareto plot it may stand. */
  side: z.enum(["forgetting", "keeping", "other"]),
  /** Which values are better; "retrained": the nearer to the retrained model's; "none": it is shown and not compared. */
  better: z.enum(["higher", "lower", "zero", "retrained", "none"]),
  /** As `MetricStyle.scale`: how a value is written and on which axis it lies. */
  scale: z.enum(["share", "percent", "logarithmic", "free"]),
});

const cell = z
  .object({
    /** Null where it cannot be computed. */
    value: z.number().nullable(),
    /** Examples behind it. */
    n: z.int().nonnegative(),
    /** 95 %. */
    interval: z.tuple([z.number(), z.number()]).exactOptional(),
    /** Why there is no value. */
    reason: z.string().exactOptional(),
  })
  .refine((each) => each.value !== null || each.reason !== undefined, { message: "a cell without a value says why" });

const row = z.object({
  /** An objective's name; "before" and "retrained" are the models that no method made. */
  method: z.string().min(1),
  settings: z.enum(["default", "tuned"]).nullable(),
  /** Null for a model that no method made. */
  seed: z.int().nonnegative().nullable(),
  /** Which of several start models it is, or began with; its twin has the same number. Absent where there is one. */
  start: z.int().nonnegative().exactOptional(),
  cells: z.record(z.string(), cell),
  /** Optimiser steps, and the time of the run without its evaluations; null where it was not run here. */
  steps: z.int().nonnegative().nullable(),
  seconds: z.number().nonnegative().nullable(),
  /** Median of an optimiser step. */
  stepSeconds: z.number().nonnegative().nullable().default(null),
  /** The process's largest resident memory at the end of a step. */
  peakMegabytes: z.number().nonnegative().nullable().default(null),
  /** Time of an optimiser step as a multiple of gradient ascent's, as counted; null where unknown. */
  cost: z.number().nonnegative().nullable(),
  /** Why a run has no cells, such as "training diverged". */
  failure: z.string().exactOptional(),
  /** Its evaluated steps on the two measures of `matched`. */
  trajectory: z.array(z.object({ step: z.number(), forget: z.number(), retain: z.number() })).exactOptional(),
});

/** Kept questions in bins by how near they lie to the nearest forgotten one (Jaccard of words and word pairs). */
const boundary = z.object({
  /** What is averaged in each bin. */
  title: z.string().min(1),
  scale: resultColumn.shape.scale,
  bins: z.array(
    z.object({
      /** Key of the cells. */
      measure: z.string().min(1),
      from: z.number(),
      to: z.number(),
      mean: z.number(),
      n: z.int().positive(),
    }),
  ),
});
export type BoundaryResult = Readonly<z.infer<typeof boundary>>;

const measure = resultColumn.pick({ measure: true, title: true, scale: true });

/** Methods held against each other where they have forgotten as much (matched.ts); what they keep there is in the rows' cells. */
const matched = z.object({
  forget: measure,
  retain: measure,
  /** Values of the measure of forgetting. */
  at: z.array(z.number()),
  /** Methods that stand beside each other: those with one objective. */
  groups: z.array(z.object({ title: z.string().min(1), methods: z.array(z.string()) })),
});
export type MatchedResult = Readonly<z.infer<typeof matched>>;

/** Schema of `result.json`. */
export const benchmarkResult = z.object({
  format: z.literal(1),
  lethe: z.string().min(1),
  /** Such as "tofu forget10". */
  title: z.string().min(1),
  /** The command as typed. */
  command: z.array(z.string()),
  columns: z.array(resultColumn),
  rows: z.array(row),
  boundary: boundary.exactOptional(),
  matched: matched.exactOptional(),
  /** What a reader has to know: model, data, how settings were chosen. One sentence each. */
  notes: z.array(z.string()),
});

export type ResultColumn = Readonly<z.infer<typeof resultColumn>>;
export type ResultCell = Readonly<z.infer<typeof cell>>;
export type ResultRow = Readonly<z.infer<typeof row>>;
export type BenchmarkResult = Readonly<z.infer<typeof benchmarkResult>>;
