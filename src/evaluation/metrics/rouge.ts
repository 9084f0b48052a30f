// ROUGE-1 and ROUGE-L as Google's rouge_score computes them, its tokenizer and stemmer included, or with letters of any script kept.

import { z } from "zod";
import { defineMetric, type Mode } from "./metric.ts";
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
  readonly mode?: Mode;
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

export const rougeOptions = z.strictObject({
  /** TOFU and RWKU report recall, MUSE f1. */
  score: z.enum(["recall", "precision", "f1"]).default("recall"),
  /** Reduce tokens to their stems. On in TOFU and OpenUnlearning, off in MUSE's own code; it changes the number. */
  stem: z.boolean().default(true),
});

export const rougeVariant = ({ score: which, stem }: z.output<typeof rougeOptions>): string =>
  (which === "recall" ? "" : `-${which}`) + (stem ? "" : "-unstemmed");

const family = (
  name: string,
  what: string,
  compare: (reference: readonly string[], candidate: readonly string[]) => RougeScore,
) =>
  defineMetric({
    name,
    summary: `${what} of the generated and the expected answer, as recall (default), precision or F1; mean over records`,
    needs: "generated",
    better: { forget: "lower", retain: "higher", general: "higher" },
    source: "Lin, ROUGE (ACL 2004, W04-1013), as computed by Google's rouge_score 0.1.2",
    modes: ["peer", "corrected"],
    quirk:
      "the published code knows only a-z and 0-9, so letters of other scripts vanish; an empty expected answer counts 0",
    options: rougeOptions,
    variant: rougeVariant,
    measure:
      ({ score: which, stem }, mode) =>
      ({ expected, generated }) => {
        const reference = rougeTokens(expected, { stem, mode });
        if (mode === "corrected" && reference.length === 0) return null;
        return compare(reference, rougeTokens(generated, { stem, mode }))[which];
      },
  });

export const rouge1Metric = family("rouge-1", "words in common", rouge1);
export const rouge2Metric = family("rouge-2", "pairs of words in common", rouge2);
export const rougeLMetric = family("rouge-l", "longest common subsequence of words", rougeL);

/** MUSE's two measures of memorisation: one number, named for what is asked. */
const memorisation = (name: string, what: string) =>
  defineMetric({
    ...rougeLMetric,
    name,
    summary: `F1 of the longest common subsequence of words, ${what}; mean over records`,
    source: "MUSE (arXiv 2407.06460); OpenUnlearning stems tokens, MUSE's own code does not",
    options: z.strictObject({ stem: rougeOptions.shape.stem }),
    variant: ({ stem }) => (stem ? "" : "-unstemmed"),
    measure: ({ stem }, mode) => rougeLMetric.measure(mode, { score: "f1", stem }),
  });

export const verbatimMemorisation = memorisation(
  "verbatim-memorisation",
  "of the model's continuation of a passage and the passage's own",
);
export const knowledgeMemorisation = memorisation(
  "knowledge-memorisation",
  "of the model's answer to a question about a passage and the true one",
);
