// Log-probabilities of one place in a text: from logits, the most likely ones, a token's rank. Knows nothing of how they are written to a client.

import { normalise } from "../steering/index.ts";

export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
  /** 1 for the most likely token. */
  readonly rank: number;
}

/** logits [vocabulary] → log softmax, a new array. */
export const logSoftmax = (logits: Float32Array): Float32Array => normalise(logits.slice());

/** The token's own: its rank counts the tokens that are more likely. */
export function logprobOf(row: Float32Array, id: number): TokenLogprob {
  const logprob = row[id] ?? Number.NEGATIVE_INFINITY;
  let rank = 1;
  for (const other of row) if (other > logprob) rank++;
  return { id, logprob, rank };
}

/** The `count` most likely tokens, the most likely first, the lower id first among equals. */
export function likeliestOf(row: Float32Array, count: number): TokenLogprob[] {
  const kept: number[] = [];
  if (count >= row.length) {
    for (let id = 0; id < row.length; id++) kept.push(id);
    kept.sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
  } else if (count > 0) {
    for (let id = 0; id < row.length; id++) {
      const value = row[id] as number;
      if (kept.length === count && !(value > (row[kept[count - 1] as number] as number))) continue;
      let place = kept.length;
      while (place > 0 && value > (row[kept[place - 1] as number] as number)) place--;
      kept.splice(place, 0, id);
      if (kept.length > count) kept.pop();
    }
  }
  return kept.map((id, i) => ({ id, logprob: row[id] as number, rank: i + 1 }));
}
