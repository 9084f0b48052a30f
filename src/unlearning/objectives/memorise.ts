// Plain language-model training: L = CE. Teaches; trained on what must go it makes the task vector that negation subtracts (2212.04089). With a retain term
// the vector leaves what the model says of the retain text, and to first order so does a step back along it.

import { z } from "zod";
import type { Loss } from "../../training/loss.ts";
import { defineObjective } from "./objective.ts";
import { branchesOf, keepsRetain, weighted, weightOptions } from "./retain-term.ts";

const { forgetWeight: _, ...retainOptions } = weightOptions;

/** CE of the text under branch `forget`. */
export const crossEntropy: Loss = {
  name: "memorise",
  branches: ["forget"],
  terms: ({ forget }) => ({ loss: forget.meanNll(), terms: {} }),
};

export const memorise = defineObjective({
  name: "memorise",
  summary: "descent on the text: teaching, or the first half of negation",
  paper: "https://arxiv.org/abs/2212.04089",
  options: z.strictObject({
    ...retainOptions,
    retainWeight: weightOptions.retainWeight.default(0),
    retain: weightOptions.retain.default("kl"),
  }),
  recipe: { plan: "negate" },
  loss: (options) =>
    keepsRetain(options)
      ? {
          name: "memorise",
          branches: branchesOf(options),
          terms: (branches) => weighted(branches, branches.forget.meanNll(), { ...options, forgetWeight: 1 }),
        }
      : crossEntropy,
});
