// A LoRA module that learns what must stay and is added to the weights: something for forget modules to be kept clear of, and a repair of what they cost. Part of the
// retain text is kept from it, since a budget measured on text just trained on would be no budget.

import { z } from "zod";
import type { Random } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import type { Pace, PlanContext } from "./plan.ts";
import { type TaskVector, taskVector } from "./task-vector.ts";

export const retainModuleOptions = z.strictObject({
  when: z
    .enum(["first", "each"])
    .default("first")
    .describe(
      "first: once, before anything is forgotten; each: after every round, on what the round cost, and left out where it costs more on the text held out",
    ),
  coefficient: z.number().positive().default(1).describe("times the module when it is added"),
  heldOut: z.number().gt(0).lt(1).default(0.2).describe("share of the retain text that only the budget is measured on"),
  epochs: z
    .number()
    .positive()
    .optional()
    .describe("as the configuration's training when left out, like steps and learningRate"),
  steps: z.number().int().positive().optional(),
  learningRate: z.number().positive().optional(),
});
export type RetainModuleOptions = z.output<typeof retainModuleOptions>;

export interface RetainText {
  /** For the module to learn. */
  readonly taught: readonly Sequence[];
  /** For the budget to be measured on; everything when nothing is taught. */
  readonly measured: readonly Sequence[];
}

/** Draws which texts are held out, at least one; there must be two. */
export function splitRetain(retain: readonly Sequence[], heldOut: number, random: Random): RetainText {
  const drawn = random.shuffle(retain.map((_, i) => i));
  const count = Math.min(retain.length - 1, Math.max(1, Math.round(heldOut * retain.length)));
  const measured = new Set(drawn.slice(0, count));
  return {
    taught: retain.filter((_, i) => !measured.has(i)),
    measured: retain.filter((_, i) => measured.has(i)),
  };
}

/** Trains the model's fresh LoRA on the text and leaves `coefficient` times what it learned, which it returns. */
export async function trainRetainModule(
  { model, trainable, teach }: Pick<PlanContext, "model" | "trainable" | "teach">,
  text: readonly Sequence[],
  { coefficient, epochs, steps, learningRate }: RetainModuleOptions,
): Promise<TaskVector> {
  const pace: Pace = {
    ...(epochs === undefined ? {} : { epochs, steps: undefined }), // steps of the configuration would override them
    ...(steps === undefined ? {} : { steps }),
    ...(learningRate === undefined ? {} : { learningRate }),
  };
  await teach(text, { goesOn: true, training: pace });
  const learned = await taskVector(model, trainable, new Map());
  await learned.apply(coefficient);
  return learned;
}
