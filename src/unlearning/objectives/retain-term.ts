// The part of a loss that keeps what must stay: token NLL or KL to the frozen reference on retain text (methods §1.2).

import { z } from "zod";
import { add, mul, type Tensor } from "../../tensor/index.ts";
import type { Branches } from "../../training/loss.ts";

/** γ and α of L = γ·L_forget + α·L_retain, and the kind of L_retain. */
export const weightOptions = {
  forgetWeight: z.number().nonnegative().default(1).describe("γ: weight of the forget term"),
  retainWeight: z.number().nonnegative().default(1).describe("α: weight of the retain term; 0 needs no retain data"),
  retain: z
    .enum(["nll", "kl"])
    .default("nll")
    .describe("retain term: token NLL, or KL(reference ‖ model) on answer tokens"),
};

export interface Weights {
  readonly forgetWeight: number;
  readonly retainWeight: number;
  readonly retain: "nll" | "kl";
}

/** L_retain: the mean over labelled tokens of −log p, or of KL(p_ref ‖ p_θ). */
export function retainTerm({ retain }: Branches, kind: Weights["retain"]): Tensor {
  return kind === "kl" ? retain.meanOf("kl-to-reference") : retain.meanNll();
}

/** γ·L_forget + α·L_retain with both parts as terms. A retain weight of 0 leaves the retain branch out. */
export function weighted(branches: Branches, forget: Tensor, { forgetWeight, retainWeight, retain }: Weights) {
  if (retainWeight === 0) return { loss: mul(forget, forgetWeight), terms: { forget } };
  const kept = retainTerm(branches, retain);
  return { loss: add(mul(forget, forgetWeight), mul(kept, retainWeight)), terms: { forget, retain: kept } };
}

/** Branches of a weighted loss. */
export const branchesOf = ({ retainWeight }: Weights) =>
  retainWeight === 0 ? (["forget"] as const) : (["forget", "retain"] as const);
