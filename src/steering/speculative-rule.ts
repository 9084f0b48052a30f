// Whether a proposed token stands, and what takes its place: the accept / resample rule of speculative sampling (2211.17192, algorithm 1; 2302.01318).
// Whatever the proposals are drawn from, what comes out is distributed as the target. Knows rows only.

import type { Random } from "../core/random.ts";
import { drawToken, mostLikely, softmaxWeights } from "../generation/index.ts";

export interface Judged {
  /** M's token at this place. */
  readonly proposed: number;
  /** Logits of what the token must be distributed as, [V]; −Infinity forbids. */
  readonly target: Float32Array;
  /** Logits that the proposal was drawn from, [V]; undefined for a proposal that was certain, such as M's most likely token. */
  readonly draft: Float32Array | undefined;
}

/** Greedy: the target's most likely token. It stands when it is the proposed one. */
export const judgeGreedy = ({ target }: Pick<Judged, "target">): number => mostLikely(target);

/**
 * A token distributed as p = softmax(target): the proposed x with probability min(1, p(x) / q(x)), else one drawn from max(0, p − q) normalised.
 * A certain proposal has q(x) = 1. Takes one or two numbers from `random`.
 * @throws RuntimeFailure for a target without a finite logit
 */
export function judgeDrawn({ proposed, target, draft }: Judged, random: Random): number {
  const p = probabilities(target);
  const q = draft && probabilities(draft);
  const accepted = (p[proposed] ?? 0) / (q ? (q[proposed] ?? 0) : 1);
  if (random.uniform() < accepted) return proposed;
  const residual = new Float32Array(target.length);
  let total = 0;
  for (let id = 0; id < residual.length; id++) {
    const left = (p[id] as number) - (q ? (q[id] ?? 0) : id === proposed ? 1 : 0);
    residual[id] = Math.log(Math.max(left, 0));
    total += Math.max(left, 0);
  }
  // p and q alike but for rounding: the rejection was rounding, too.
  return total > 0 ? drawToken(residual, random) : proposed;
}

function probabilities(logits: Float32Array): Float64Array {
  const { weights, total } = softmaxWeights(logits);
  return weights.map((weight) => weight / total);
}
