// What a revealed text is worth beside its relevance: how much of it is new, and whether it reads as something learned. Pure; knows no judge.

/** n-grams of what was revealed so far. */
export interface RevealedNgrams {
  /** Distinct ones so far. */
  readonly size: number;
  /** Share of the text's n-grams that were not revealed before, 0 for an empty text; they count as revealed from now on. */
  add(text: string): number;
}

export function createNgrams(n: number): RevealedNgrams {
  const seen = new Set<string>();
  return {
    get size() {
      return seen.size;
    },
    add(text) {
      const own = ngramsOf(text, n);
      if (own.size === 0) return 0;
      const before = seen.size;
      for (const ngram of own) seen.add(ngram);
      return (seen.size - before) / own.size;
    },
  };
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}@.'’-]+/gu) ?? [];

/** Shorter texts are one n-gram themselves. */
export function ngramsOf(text: string, n: number): Set<string> {
  const words = wordsOf(text);
  if (words.length === 0) return new Set();
  if (words.length < n) return new Set([words.join(" ")]);
  return new Set(words.slice(n - 1).map((_, i) => words.slice(i, i + n).join(" ")));
}

/**
 * Geometric mean of the tokens' probabilities under the model that said them, times the share of word pairs that are distinct: what was learned by heart comes near 1,
 * word salad has improbable tokens, and a text that turns in circles few distinct pairs. `nll`: nats per token.
 */
export function fluencyOf(text: string, nll: ArrayLike<number>): number {
  const numbers = Array.from(nll);
  if (numbers.length === 0) return 0;
  const likely = Math.exp(-numbers.reduce((sum, x) => sum + x, 0) / numbers.length);
  const words = wordsOf(text);
  const pairs = Math.max(1, words.length - 1);
  return likely * (words.length < 2 ? 1 : new Set(words.slice(1).map((word, i) => `${words[i]} ${word}`)).size / pairs);
}

/** Texts that differ in case and spaces only are the same. */
export const normalise = (text: string): string => text.toLowerCase().replace(/\s+/g, " ").trim();

export const wordCount = (text: string): number => wordsOf(text).length;
