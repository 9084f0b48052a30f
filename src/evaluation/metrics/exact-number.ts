// Exact number: is the number that an answer ends in the right one?

import { z } from "zod";
import { defineMetric } from "./metric.ts";

/** The number behind the last "####", where GSM8K puts its answer; else the last number. Digits may be grouped by commas; a minus between two numbers is no sign. */
function finalNumber(text: string): number | undefined {
  const marked = text.split("####");
  const part = marked.length > 1 ? (marked.at(-1) as string) : text;
  const numbers = part.match(/(?:(?<![\d.])-)?\d[\d,]*(?:\.\d+)?/g);
  const found = marked.length > 1 ? numbers?.[0] : numbers?.at(-1);
  return found === undefined ? undefined : Number(found.replaceAll(",", ""));
}

export const exactNumber = defineMetric({
  name: "exact-number",
  summary: "share of generated answers that end in the expected number",
  needs: "generated",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source: 'GSM8K (arXiv 2110.14168): the number after "####"; without that mark the last number of the answer',
  modes: ["corrected"],
  undefinedWithout: "a number at the end of its answer",
  options: z.strictObject({}),
  measure:
    () =>
    ({ expected, generated }) => {
      const wanted = finalNumber(expected);
      return wanted === undefined ? null : Number(finalNumber(generated) === wanted);
    },
});
