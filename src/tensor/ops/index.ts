// The op table: every op by name. Gradient rules, reference kernels and ONNX lowerings are tables over the same names.

import type { Op } from "../op.ts";
import { attentionOps } from "./attention.ts";
import { comparisonOps } from "./comparison.ts";
import { elementwiseOps } from "./elementwise.ts";
import { extraOutputOps } from "./extra-output.ts";
import { indexingOps } from "./indexing.ts";
import { leafOps } from "./leaves.ts";
import { linearAlgebraOps } from "./linear-algebra.ts";
import { normalisationOps } from "./normalisation.ts";
import { conversionOps } from "./operands.ts";
import { reductionOps } from "./reductions.ts";
import { shapingOps } from "./shaping.ts";

export const opTable = {
  ...leafOps,
  ...conversionOps,
  ...elementwiseOps,
  ...comparisonOps,
  ...reductionOps,
  ...linearAlgebraOps,
  ...shapingOps,
  ...indexingOps,
  ...normalisationOps,
  ...attentionOps,
  ...extraOutputOps,
} satisfies Readonly<Record<string, Op>>;

export type OpName = keyof typeof opTable;
