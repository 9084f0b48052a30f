// Root-mean-square normalisation (Zhang & Sennrich 2019).

import { apply, type OpGroup } from "../op.ts";
import { dimension, sameShape, shapeText } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { Tensor } from "../tensor.ts";
import { float } from "./operands.ts";

export const normalisationOps = {
  rmsNorm: { infer: ([x]) => x as Tensor },
} satisfies OpGroup;

/** weight ⊙ x / √(mean(x²) + eps) over the last axis; x[…, d], weight[d]. */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
  if (x.shape.length < 1 || !sameShape(weight.shape, [dimension(x.shape, -1)])) {
    failShape("rmsNorm", `weight ${shapeText(weight.shape)} does not fit the last axis of x ${shapeText(x.shape)}`);
  }
  return apply(normalisationOps, "rmsNorm", [float("rmsNorm", x), float("rmsNorm", weight)], { eps });
}
