// ROUGE-1, ROUGE-2 and ROUGE-L of two texts as Google's rouge_score computes them, its tokenizer and stemmer included, or with letters of any script kept.
// Knows nothing of models and answers.

import { porterStem } from "./porter-stemmer.ts";

export interface RougeScore {
  /** Share of the reference's tokens that the candidate matches. */
  readonly recall: number;
  /** Share of the candidate's tokens that match. */
  readonly precision: number;
  /** Harmonic mean of the two; 0 where both are 0. */
  readonly f1: number;
}

export interface TokenizeOptions {
  /** Stem tokens of more than three characters (default true). */
  readonly stem?: boolean;
  /** `peer` keeps a-z and 0-9 alone, as rouge_score does: text in other scripts has no tokens. `corrected` keeps letters and digits of any script. */
  readonly mode?: "peer" | "corrected";
}

/** Lower-cased tokens of letters and digits, stemmed. */
export function rougeTokens(text: string, { stem = true, mode = "peer" }: TokenizeOptions = {}): string[] {
  const lower = text.toLowerCase();
  const tokens =
    (mode === "peer" ? lower.match(/[a-z0-9]+/g) : lower.normalize("NFC").match(/[\p{L}\p{M}\p{N}]+/gu)) ?? [];
  return stem ? tokens.map((token) => (token.length > 3 ? porterStem(token) : token)) : [...tokens];
}

/** ROUGE-1: tokens in common, each counted at most as often as it occurs in both. Zero if either list is empty. */
export function rouge1(reference: readonly string[], candidate: readonly string[]): RougeScore {
  const counts = new Map<string, number>();
  for (const token of reference) counts.set(token, (counts.get(token) ?? 0) + 1);
  let common = 0;
  for (const token of candidate) {
    const left = counts.get(token) ?? 0;
    if (left > 0) common++;
    counts.set(token, left - 1);
  }
  return score(common, reference.length, candidate.length);
}

/** ROUGE-2: the same of pairs of neighbouring tokens. */
export const rouge2 = (reference: readonly string[], candidate: readonly string[]): RougeScore =>
  rouge1(pairs(reference), pairs(candidate));

const pairs = (tokens: readonly string[]) => tokens.slice(1).map((token, i) => `${tokens[i]} ${token}`);

/** ROUGE-L: length of the longest common subsequence. Zero if either list is empty. */
export function rougeL(reference: readonly string[], candidate: readonly string[]): RougeScore {
  let above = new Int32Array(candidate.length + 1);
  let row = new Int32Array(candidate.length + 1);
  for (const token of reference) {
    for (let j = 0; j < candidate.length; j++) {
      row[j + 1] =
        token === candidate[j] ? (above[j] as number) + 1 : Math.max(above[j + 1] as number, row[j] as number);
    }
    [above, row] = [row, above];
  }
  return score(above[candidate.length] as number, reference.length, candidate.length);
}

function score(common: number, referenceLength: number, candidateLength: number): RougeScore {
  const recall = common / Math.max(1, referenceLength);
  const precision = common / Math.max(1, candidateLength);
  return { recall, precision, f1: common === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
