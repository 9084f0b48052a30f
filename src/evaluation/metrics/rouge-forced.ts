// ROUGE-L of what the model predicts at each place of the true answer, as KnowUnDo's tables most likely have it: nothing is generated, so one wrong word
// does not lead to others.

import { rougeL, rougeTokens } from "../../text/rouge.ts";
import { defineMetric } from "./metric.ts";
import { rougeOptions, rougeVariant } from "./rouge.ts";

export const rougeLForced = defineMetric({
  name: "rouge-l-forced",
  summary:
    "longest common subsequence of words of the answer and its likeliest tokens, given the true ones before them; recall (default), precision or F1",
  needs: "teacher-forced",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: "KnowUnDo (arXiv 2407.01920), whose evaluation stores these texts",
  modes: ["peer", "corrected"],
  quirk: "the published code knows only a-z and 0-9, so letters of other scripts vanish; an empty answer counts 0",
  undefinedWithout: "known texts",
  options: rougeOptions,
  variant: rougeVariant,
  measure:
    ({ score: which, stem }, mode) =>
    ({ text, predicted }) => {
      if (text === undefined || predicted === undefined) return null;
      const reference = rougeTokens(text, { stem, mode });
      if (mode === "corrected" && reference.length === 0) return null;
      return rougeL(reference, rougeTokens(predicted, { stem, mode }))[which];
    },
});
