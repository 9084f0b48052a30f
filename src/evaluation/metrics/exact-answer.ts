// Exact answer: did the model write the expected answer, neither more nor less?

import { z } from "zod";
import { defineMetric } from "./metric.ts";

/** Compatibility forms unified, lower case, single spaces, no punctuation around the text; punctuation inside stays, since an e-mail address needs it. */
function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/gu, " ")
    .replace(/^[\s\p{P}]+|[\s\p{P}]+$/gu, "");
}

export const exactAnswer = defineMetric({
  name: "exact-answer",
  summary: "share of generated answers that equal the expected one up to case, spaces and surrounding punctuation",
  needs: "generated",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: "exact match after normalising, as in SQuAD (arXiv 1606.05250) but keeping articles and inner punctuation",
  modes: ["corrected"],
  options: z.strictObject({}),
  measure:
    () =>
    ({ expected, generated }) =>
      Number(normalise(generated) === normalise(expected)),
});
