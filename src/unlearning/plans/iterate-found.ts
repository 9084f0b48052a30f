// plan.json of an iteration: what each round found, for the report and for whoever chooses a round afterwards.

import { z } from "zod";
import { utilityBudget } from "./utility.ts";

const share = z.number().min(0).max(1);

const shared = z.object({
  /** Of the smallest principal angle, in degrees, mean over the model's modules: 0 where a direction is shared. */
  smallestAngle: z.number(),
  /** Mean squared cosine of the principal angles over all modules: the share of the smaller space that lies in the other. */
  overlap: z.number(),
  /** What `overlap` is on average for spaces drawn at random. */
  chance: z.number(),
});
export type Shared = Readonly<z.output<typeof shared>>;

const round = z.object({
  round: z.number().int().positive(),
  /** Texts that were trained on. */
  texts: z.number().int().positive(),
  /** The source's own judgement of how much the model said. */
  score: share.optional(),
  /** Token accuracy on the round's text, before its training and after its step. */
  forget: z.object({ before: share, after: share }),
  /** λ; 0 where the round's share of the budget bore no step. */
  coefficient: z.number().nonnegative(),
  /** The measure on the retain text after the step, */
  retain: z.number(),
  /** and after the retain module that follows it; missing where none does, or it mended nothing and was left out. */
  repaired: z.number().optional(),
  /** What the trained LoRA has in common with retain modules, and with those of earlier rounds. */
  shared: z.object({ retain: shared.optional(), forget: shared.optional() }).optional(),
  /** Every λ that was asked about, in order. */
  tried: z.array(z.object({ coefficient: z.number(), value: z.number().nullable(), kept: z.boolean() })),
});

export const iterateFound = z.object({
  plan: z.literal("iterate"),
  /** On the retain text. */
  measure: utilityBudget.measure.unwrap(),
  budget: z.number(),
  /** The measure before the first round. */
  before: z.number(),
  rounds: z.array(round),
  /** Does each round's result lie in rounds/? */
  kept: z.boolean(),
  /** Why there is no further round; missing while there may be one. */
  ended: z.string().optional(),
});

export type IterateFound = Readonly<z.output<typeof iterateFound>>;
export type RoundFound = IterateFound["rounds"][number];
