// Area under the ROC curve of a score. Knows nothing of members and non-members: the caller says which sample should score higher.

import { DataError } from "../../core/errors.ts";

/**
 * P(a positive scores higher than a negative) + ½ P(they tie): the area under the ROC curve, in [0, 1], by mid-ranks in O(n log n).
 * Membership tests of the literature take the holdout set as positives and the loss as score: near 1 = the forget set is recognised
 * as training data, 0.5 = indistinguishable, near 0 = over-unlearned.
 * @throws DataError when a sample is empty or holds NaN.
 */
export function rocAuc(positives: ArrayLike<number>, negatives: ArrayLike<number>): number {
  const scored = [
    ...Array.from(positives, (score) => ({ score, positive: true })),
    ...Array.from(negatives, (score) => ({ score, positive: false })),
  ];
  if (positives.length === 0 || negatives.length === 0)
    throw new DataError("a ROC curve needs at least one positive and one negative");
  if (scored.some(({ score }) => Number.isNaN(score)))
    throw new DataError("a ROC curve needs scores that are numbers, got NaN");
  scored.sort((a, b) => (a.score < b.score ? -1 : Number(a.score > b.score)));

  let wins = 0; // pairs won by the positive; a tie counts one half
  let negativesBelow = 0;
  for (let start = 0; start < scored.length; ) {
    let end = start;
    let tiedPositives = 0;
    while (end < scored.length && scored[end]?.score === scored[start]?.score)
      tiedPositives += Number(scored[end++]?.positive);
    const tiedNegatives = end - start - tiedPositives;
    wins += tiedPositives * (negativesBelow + tiedNegatives / 2);
    negativesBelow += tiedNegatives;
    start = end;
  }
  return wins / (positives.length * negatives.length);
}
