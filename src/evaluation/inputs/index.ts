// The table of input kinds. Adding one touches its own file, its type in `metrics/metric.ts` and a line here.

import type { InputKind } from "../metrics/index.ts";
import { choices } from "./choices.ts";
import { contrast } from "./contrast.ts";
import { generated } from "./generated.ts";
import { gradientNorm } from "./gradient-norm.ts";
import { inContext } from "./in-context.ts";
import { entailment, fluency, language, similarity, toxicity } from "./judged.ts";
import { novelty } from "./novelty.ts";
import { executed, parsed } from "./programs.ts";
import type { InputSource } from "./source.ts";
import { distribution, teacherForced } from "./teacher-forced.ts";

export { prepareAnswers } from "./generated.ts";
export { lookAt } from "./look.ts";
export type { LiveSet, PreparedInput, SetContext } from "./source.ts";

export const inputSources: { readonly [Kind in InputKind]: InputSource<Kind> } = {
  "teacher-forced": teacherForced,
  distribution,
  generated,
  contrast,
  choices,
  "gradient-norm": gradientNorm,
  "in-context": inContext,
  similarity,
  entailment,
  fluency,
  toxicity,
  language,
  novelty,
  executed,
  parsed,
};
