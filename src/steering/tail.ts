// From the most likely tokens of M to a whole row: what is left of 1 is spread over the other tokens in the proportions of a small model, Mo.
// An approximation, exact where Mo's tail has M's shape; tail-error.ts measures it.

import type { RowDistribution } from "./logit-source.ts";
import { fitRow } from "./vocabulary.ts";

/** Left over when the listed probabilities add up to 1 or, rounded, to more: a token unlisted is unlikely, not impossible. */
const leastTail = 1e-9;

/**
 * Log-probabilities of every token, [width]. Listed tokens keep theirs, r = 1 − Σ listed goes to the others as r · softmax(l_Mo) over them, and
 * none of them gets more than the least likely listed one, since then it would have been listed; what is cut off so goes to the rest.
 * @param own l_Mo at the same place
 */
export function spreadTail(
  { ids, logProbabilities }: Extract<RowDistribution, { kind: "top" }>,
  own: Float32Array,
  width: number,
): Float32Array {
  const row = Float32Array.from(fitRow(own, width));
  const settled = new Uint8Array(width);
  let mass = 0;
  let least = 0;
  ids.forEach((id, i) => {
    const logProbability = logProbabilities[i] as number;
    settled[id] = 1;
    row[id] = logProbability;
    mass += Math.exp(logProbability);
    least = Math.min(least, logProbability);
  });
  spread(row, settled, Math.max(1 - mass, leastTail), least);
  return row;
}

/** Turns the logits of unsettled tokens into log r · softmax over them with no entry above `cap`: what `r` has beyond that is rounding. */
function spread(row: Float32Array, settled: Uint8Array, r: number, cap: number): void {
  for (let left = r; ; ) {
    let largest = Number.NEGATIVE_INFINITY;
    let count = 0;
    for (let id = 0; id < row.length; id++) {
      if (settled[id]) continue;
      count++;
      if ((row[id] as number) > largest) largest = row[id] as number;
    }
    if (count === 0) return;
    let weight = 0;
    for (let id = 0; id < row.length; id++) if (!settled[id]) weight += Math.exp((row[id] as number) - largest);
    const even = left >= count * Math.exp(cap);
    const shift = Math.log(left) - Math.log(weight) - largest;
    if (even || largest + shift <= cap) {
      for (let id = 0; id < row.length; id++) {
        if (!settled[id]) row[id] = even ? cap : (row[id] as number) + shift;
      }
      return;
    }
    // The first pass through here settles nearly all that will be; what they give up goes to the others.
    for (let id = 0; id < row.length; id++) {
      if (settled[id] || (row[id] as number) + shift <= cap) continue;
      row[id] = cap;
      settled[id] = 1;
      left -= Math.exp(cap);
    }
  }
}

/** Every token's logits or log-probabilities of a row, whatever the source told of it; `own` is l_Mo at that place. */
export const completeRow = (row: RowDistribution, own: () => Float32Array, width: number): Float32Array =>
  row.kind === "full" ? fitRow(row.logits, width) : spreadTail(row, own(), width);
