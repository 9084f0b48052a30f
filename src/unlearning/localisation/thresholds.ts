// Which tensors MemFlex's thresholds choose: those pulled apart by forgetting and keeping (cosine < μ) and pulled hard by forgetting (magnitude > σ).
// σ depends on loss, rank and model, and at small scale no published μ divides (small-scale §4): thresholds may be quantiles, or follow from a share.

import { z } from "zod";
import { quantile } from "./distribution.ts";
import type { TensorScores } from "./tensor-scores.ts";

const threshold = z.union([z.number(), z.strictObject({ quantile: z.number().min(0).max(1) })]);

export const thresholdOptions = {
  share: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      "about this share of the tensors is chosen, by one quantile q: μ the (1 − q)-quantile of cosines, σ the q-quantile of magnitudes. 0.25 when no threshold is given",
    ),
  cosine: threshold
    .optional()
    .describe("μ: chosen is whose cosine lies below; absolute (paper: 0.92 to 0.96) or { quantile: 0.5 }"),
  magnitude: threshold
    .optional()
    .describe("σ: chosen is whose mean |gradient| lies above; absolute (paper: 2e-4 to 7e-4) or { quantile: 0.5 }"),
};

type Threshold = z.output<typeof threshold>;

export interface ThresholdOptions {
  readonly share?: number | undefined;
  readonly cosine?: Threshold | undefined;
  readonly magnitude?: Threshold | undefined;
}

export interface Thresholds {
  readonly cosine: number;
  readonly magnitude: number;
}

const usualShare = 0.25;

export const isChosen = ({ cosine, magnitude }: TensorScores, thresholds: Thresholds): boolean =>
  cosine !== null && cosine < thresholds.cosine && magnitude > thresholds.magnitude;

/** Tensors without a cosine are left out of the quantiles; a threshold that is not given lets everything pass, unless none is. */
export function thresholdsFor(scores: readonly TensorScores[], options: ThresholdOptions): Thresholds {
  const defined = scores.filter(({ cosine }) => cosine !== null);
  const cosines = Float64Array.from(defined, ({ cosine }) => cosine as number).sort();
  const magnitudes = Float64Array.from(defined, ({ magnitude }) => magnitude).sort();
  const none = { cosine: Number.POSITIVE_INFINITY, magnitude: Number.NEGATIVE_INFINITY };
  if (defined.length === 0) return none;
  const resolve = (given: Threshold | undefined, ascending: Float64Array, otherwise: number) =>
    given === undefined ? otherwise : typeof given === "number" ? given : quantile(ascending, given.quantile);
  if (options.cosine !== undefined || options.magnitude !== undefined) {
    return {
      cosine: resolve(options.cosine, cosines, none.cosine),
      magnitude: resolve(options.magnitude, magnitudes, none.magnitude),
    };
  }
  // More tensors pass the lower q is: the q whose number comes nearest.
  const at = (q: number): Thresholds => ({ cosine: quantile(cosines, 1 - q), magnitude: quantile(magnitudes, q) });
  const wanted = (options.share ?? usualShare) * scores.length;
  const missed = (found: Thresholds) => Math.abs(scores.filter((each) => isChosen(each, found)).length - wanted);
  const tried = Array.from({ length: 401 }, (_, i) => {
    const found = at(i / 400);
    return { found, missed: missed(found) };
  });
  return tried.reduce((best, each) => (each.missed < best.missed ? each : best)).found;
}
