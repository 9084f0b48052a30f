// F1 of named entities: which of the expected ones did the model list, which that are none?

import { z } from "zod";
import { entitiesIn } from "../../data/entities.ts";
import { defineMetric } from "./metric.ts";
import { counted, ratioOfSums } from "./ratio.ts";

export const entityF1 = defineMetric({
  name: "entity-f1",
  summary:
    "F1 of the listed entities over all records, an entity right only if all its words are; records without an expected and a listed one do not count",
  needs: "generated",
  better: { forget: "lower", retain: "higher", general: "higher" },
  source:
    "CoNLL-2003 (arXiv cs/0306050) §2.3, exact match, micro-averaged; entities are compared by their words, as often as they occur, since a list holds no positions",
  modes: ["corrected"],
  options: z.strictObject({}),
  // F1 = 2 TP / (2 TP + FP + FN), and expected + listed = 2 TP + FP + FN.
  measure:
    () =>
    ({ expected, generated }) => {
      const [wanted, listed] = [entitiesIn(expected), entitiesIn(generated)];
      const left = [...wanted];
      for (const entity of listed) {
        const at = left.indexOf(entity);
        if (at >= 0) left.splice(at, 1);
      }
      return counted(2 * (wanted.length - left.length), wanted.length + listed.length);
    },
  ...ratioOfSums,
});
