// What programs that the model wrote are worth: do they parse, do they pass their tests?

import { z } from "zod";
import { defineMetric } from "./metric.ts";

const common = {
  better: { forget: "lower", retain: "higher", general: "higher" },
  modes: ["corrected"],
  undefinedWithout: "tests that make a program of its answer",
  options: z.strictObject({}),
} as const;

export const passAt1 = defineMetric({
  ...common,
  name: "pass-at-1",
  summary:
    "share of tasks whose one generated program passes its tests; runs what the model wrote (--allow-code-execution)",
  needs: "executed",
  source: "HumanEval (arXiv 2107.03374) eq. 1 with n = k = 1, one greedy answer per task",
  measure:
    () =>
    ({ passed }) =>
      Number(passed),
});

export const codeValidity = defineMetric({
  ...common,
  name: "code-validity",
  summary: "share of generated programs that are Python by their syntax and define something; parsed, not run",
  needs: "parsed",
  source: "Python's own parser (ast.parse)",
  measure:
    () =>
    ({ valid }) =>
      Number(valid),
});
