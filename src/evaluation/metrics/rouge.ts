// ROUGE of the generated and the expected answer.

import { z } from "zod";
import { type RougeScore, rouge1, rouge2, rougeL, rougeTokens } from "../../text/rouge.ts";
import { defineMetric } from "./metric.ts";

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
