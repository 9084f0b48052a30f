// Truth ratio: does the model still prefer the right answer over wrong ones of the same form, whatever its wording?

import { z } from "zod";
import { DataError } from "../../core/errors.ts";
import { mean } from "../statistics/averages.ts";
import { type ContrastExample, defineMetric } from "./metric.ts";

const options = z.strictObject({
  /**
   * What becomes of R = p(wrong) / p(right): `closer-to-one` min(R, 1/R), for the forget set; `true-better` max(0, 1 − R), for model
   * utility; `share` p(right) / (p(right) + p(wrong)).
   */
  form: z.enum(["closer-to-one", "true-better", "share"]).default("closer-to-one"),
  /** The right answer: its rephrasings, or the answer itself (TOFU's real authors and world facts). */
  right: z.enum(["paraphrased", "answer"]).default("paraphrased"),
});

export const truthRatio = defineMetric({
  name: "truth-ratio",
  summary:
    "compares the probability of wrong answers (geometric mean) with that of the rephrased right one; mean over records",
  needs: "contrast",
  better: { forget: "higher", retain: "higher", general: "higher" },
  source: "TOFU (arXiv 2401.06121), truth ratio; OpenUnlearning (arXiv 2506.12618)",
  modes: ["peer", "corrected"],
  quirk: "the published code adds 1e-10 to every denominator",
  options,
  measure:
    ({ form, right }, mode) =>
    (example) => {
      const { correct, wrong } = losses(example, right);
      if (mode === "peer") {
        const ratio = Math.exp(-wrong) / (Math.exp(-correct) + 1e-10);
        if (form === "closer-to-one") return Math.min(ratio, 1 / (ratio + 1e-10));
        if (form === "true-better") return Math.max(0, 1 - ratio);
        return Math.exp(-correct) / (Math.exp(-correct) + Math.exp(-wrong) + 1e-10);
      }
      const logRatio = correct - wrong;
      if (form === "closer-to-one") return Math.exp(-Math.abs(logRatio));
      if (form === "true-better") return Math.max(0, -Math.expm1(logRatio));
      return 1 / (1 + Math.exp(logRatio));
    },
});

/** ln R of one record. Forget quality compares its distribution between two models; a KS test gives the same for ln R, R and 1/R. */
export function logTruthRatio(example: ContrastExample): number {
  const { correct, wrong } = losses(example, "paraphrased");
  return correct - wrong;
}

/** Mean losses of the right and the wrong answers; averaging losses is a geometric mean of probabilities. */
function losses(example: ContrastExample, right: "paraphrased" | "answer"): { correct: number; wrong: number } {
  const { answer, paraphrased, perturbed } = example;
  if (perturbed.length === 0) throw new DataError("a truth ratio needs at least one wrong answer per record");
  if (right === "paraphrased" && paraphrased.length === 0) {
    throw new DataError("a truth ratio needs at least one rephrased answer per record", {
      hint: 'Give rephrasings, or set the metric\'s option right: "answer".',
    });
  }
  return { correct: right === "answer" ? answer : mean(paraphrased), wrong: mean(perturbed) };
}
