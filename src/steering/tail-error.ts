// How far rows that a source cut short and the small model filled up are from whole ones. Knows neither source nor text.

import { addOffset, logSumExp, normalise, steerRow } from "./ensemble.ts";
import type { RowDistribution } from "./logit-source.ts";
import { spreadTail } from "./tail.ts";

/** One place, of which everything is known. */
export interface WholePlace {
  /** l_M, [vocabulary] */
  readonly model: Float32Array;
  /** l_Mo and l_Mo′, [vocabulary] */
  readonly frozen: Float32Array;
  readonly tuned: Float32Array;
  readonly alpha: number;
}

/** What is lost when only the `top` most likely tokens of M are told; means over places of P_e against the P_e of whole rows. */
export interface TailError {
  readonly top: number;
  /** Probability of M outside the told tokens. */
  readonly untold: number;
  /** KL(P_e ‖ P̂_e), nats */
  readonly divergence: number;
  /** ½ Σ |P_e − P̂_e|: the share of drawn tokens that come out otherwise, at most. */
  readonly variation: number;
  /** Share of places whose most likely token is another. */
  readonly otherChoice: number;
}

/** @throws Error without places */
export function measureTail(places: readonly WholePlace[], tops: readonly number[]): TailError[] {
  if (places.length === 0) throw new Error("there is no place to measure at");
  return tops.map((top) => {
    const sum = { untold: 0, divergence: 0, variation: 0, otherChoice: 0 };
    for (const { model, frozen, tuned, alpha } of places) {
      const width = model.length;
      const offset = new Float32Array(Math.min(width, frozen.length, tuned.length));
      addOffset(offset, { alpha, tuned, frozen });
      const told = mostLikelyOf(model, top);
      const whole = normalise(steerRow(model, offset));
      const filled = normalise(steerRow(spreadTail(told, frozen, width), offset));
      sum.untold += 1 - told.logProbabilities.reduce((mass, x) => mass + Math.exp(x), 0);
      let [best, bestFilled] = [0, 0];
      for (let id = 0; id < width; id++) {
        const [p, q] = [whole[id] as number, filled[id] as number];
        if (p > (whole[best] as number)) best = id;
        if (q > (filled[bestFilled] as number)) bestFilled = id;
        if (p === Number.NEGATIVE_INFINITY) continue;
        sum.divergence += Math.exp(p) * (p - q);
        sum.variation += Math.abs(Math.exp(p) - Math.exp(q)) / 2;
      }
      if (best !== bestFilled) sum.otherChoice++;
    }
    const n = places.length;
    return {
      top,
      untold: Math.max(0, sum.untold / n),
      divergence: sum.divergence / n,
      variation: sum.variation / n,
      otherChoice: sum.otherChoice / n,
    };
  });
}

function mostLikelyOf(logits: Float32Array, top: number): Extract<RowDistribution, { kind: "top" }> {
  const normaliser = logSumExp(logits);
  const sorted = Int32Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  const ids = sorted.slice(0, top);
  return { kind: "top", ids, logProbabilities: Float32Array.from(ids, (id) => (logits[id] as number) - normaliser) };
}
