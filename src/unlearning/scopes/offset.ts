// A small model learns what to add to another one's logits, which is never touched (δ-unlearning, 2404.11045). Any objective, computed on
// P_e = softmax(l_M + α·(l_Mo′ − l_Mo)), moves Mo′ alone; what of it may move is a scope of its own.

import { z } from "zod";
import { httpSourceConfig } from "../../steering/index.ts";
import { named } from "../config.ts";
import { openOffsetSession } from "./offset-session.ts";
import { defineSteeringScope } from "./scope.ts";

export const offset = defineSteeringScope({
  name: "offset",
  summary:
    "a small model beside the one that must forget, which stays as it is: what changes in it is added to the other's logits",
  paper: "https://arxiv.org/abs/2404.11045",
  options: z.strictObject({
    small: z.string().describe("Mo: folder or hub id of a smaller model with the same tokenizer"),
    alpha: z
      .number()
      .positive()
      .default(1)
      .describe("α: how much of the offset is added; may be another one afterwards"),
    within: named.default("all").describe("the scope within the small model, such as lora or memflex"),
    store: z
      .string()
      .optional()
      .describe(
        "folder for what the model says of the training text, shared by runs; the run's own, and not kept, when left out",
      ),
    source: httpSourceConfig
      .omit({ model: true })
      .optional()
      .describe(
        "where the model that must forget is asked, when it is not here: the run's model is then its name there",
      ),
  }),
  within: ({ within }) => within,
  steer: (start, { small, alpha, store, source }) => openOffsetSession({ ...start, small, alpha, store, source }),
});
