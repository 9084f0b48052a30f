// Judges by a classifier of texts: the probability of one of its labels. Knows nothing of how the classifier came about.

import { openTextClassifier, textClassifierOptions } from "../../../text-classifier.ts";
import { defineJudge } from "./judge.ts";

export const classifier = defineJudge({
  name: "classifier",
  summary: "probability of a label, by a language model taught to give labels or a text-classification model",
  options: textClassifierOptions,
  open: (options, { report, signal }) => openTextClassifier(options, { report, signal }),
});
