// Chooses a token from one row of logits: the most likely one, or one drawn at random. Knows nothing of what shaped the logits.

import { RuntimeFailure } from "../core/errors.ts";
import type { Random } from "../core/random.ts";

/** Index of the largest logit, the lowest one when several are. @throws RuntimeFailure when there is no finite one. */
export function mostLikely(logits: Float32Array): number {
  let best = -1;
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number;
    if (logit > largest) {
      largest = logit;
      best = id;
    }
  }
  if (best < 0 || largest === Number.POSITIVE_INFINITY) throw unusable(logits);
  return best;
}

/** softmax before its division, in float64: e^(logit − largest) of every id, and their sum. @throws RuntimeFailure for NaN or no finite logit. */
export function softmaxWeights(logits: Float32Array): { readonly weights: Float64Array; readonly total: number } {
  const largest = logits[mostLikely(logits)] as number;
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    const weight = Math.exp((logits[id] as number) - largest);
    weights[id] = weight;
    total += weight;
  }
  if (Number.isNaN(total)) throw unusable(logits);
  return { weights, total };
}

/** A token with probability softmax(logits). One number is taken from `random`. @throws RuntimeFailure for NaN or no finite logit. */
export function drawToken(logits: Float32Array, random: Random): number {
  const { weights, total } = softmaxWeights(logits);
  let left = random.uniform() * total;
  let last = 0;
  for (let id = 0; id < logits.length; id++) {
    const weight = weights[id] as number;
    if (weight === 0) continue;
    left -= weight;
    if (left < 0) return id;
    last = id;
  }
  // Rounding may leave a last grain of `left`.
  return last;
}

function unusable(logits: Float32Array): RuntimeFailure {
  const wrong = logits.find((logit) => !Number.isFinite(logit) && logit !== Number.NEGATIVE_INFINITY);
  return wrong === undefined
    ? new RuntimeFailure("every next token is forbidden", { hint: "The logits processors left no token to choose." })
    : new RuntimeFailure(`the model gave ${wrong} as a logit`, {
        hint: "Its weights may be damaged or have diverged.",
      });
}
