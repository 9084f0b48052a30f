// The reference kernels: op -> function.

import type { OpName } from "../../../tensor/ops/index.ts";
import type { Kernel } from "../kernel.ts";
import { attentionKernels } from "./attention.ts";
import { conversionKernels } from "./conversion.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { indexingKernels } from "./indexing.ts";
import { linearAlgebraKernels } from "./linear-algebra.ts";
import { normalisationKernels } from "./normalisation.ts";
import { reductionKernels } from "./reductions.ts";
import { shapingKernels } from "./shaping.ts";

export const kernels: Readonly<Record<Exclude<OpName, "input" | "constant" | "extraOutput">, Kernel>> = {
  ...conversionKernels,
  ...elementwiseKernels,
  ...reductionKernels,
  ...linearAlgebraKernels,
  ...shapingKernels,
  ...indexingKernels,
  ...normalisationKernels,
  ...attentionKernels,
};
