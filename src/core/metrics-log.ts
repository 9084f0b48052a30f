// One line of `metrics.jsonl`: what a training step left behind. Only fields that the seed determines, so that a resumed run ends in the same bytes; times go elsewhere.
import { z } from "zod";

/** A number, or null for one that was not finite: JSON has no word for NaN. */
const measured = z.number().nullable();

/** Schema of one line. */
export const metricsLogLine = z.object({
  /** Optimiser step, from 1. */
  step: z.int().nonnegative(),
  /** Epochs done, fractional. */
  epoch: z.number().nonnegative(),
  /** The loss that was minimised, averaged over the step's batches. */
  loss: measured,
  /** Its parts by name, such as `forget` and `retain`, before weighting. */
  terms: z.record(z.string(), measured),
  learningRate: z.number().nonnegative(),
  /** Euclidean norm before clipping. */
  gradientNorm: measured,
  /** Labelled tokens in the step. */
  tokens: z.int().nonnegative(),
  /** Full names of the weights that move from this step on, where they have just been chosen anew. */
  moving: z.array(z.string()).optional(),
});

export type MetricsLogLine = Readonly<z.infer<typeof metricsLogLine>>;
