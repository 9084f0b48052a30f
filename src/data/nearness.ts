// How near questions lie to the nearest of other questions, by their words. Knows nothing of records or of what is forgotten.

import { ngramsOf, overlaps } from "./compose/ngrams.ts";

/** Of each text, its common words and pairs of words with the nearest of `others` by all of both (Jaccard), in [0, 1]; 0 where they share no word. */
export function nearness(texts: readonly string[], others: readonly string[]): number[] {
  const shape = (text: string) => new Set([...ngramsOf(text, 1), ...ngramsOf(text, 2)]);
  const nearest = texts.map(() => 0);
  for (const { a, overlap } of overlaps(texts.map(shape), others.map(shape))) {
    nearest[a] = Math.max(nearest[a] as number, overlap);
  }
  return nearest;
}
