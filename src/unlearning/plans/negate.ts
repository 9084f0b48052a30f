// Negation of a task vector (2212.04089; methods §2.9): train on what must go, then go the opposite way, θ = θ_0 − λ·(θ_ft − θ_0), with the largest λ that what
// must stay bears. The paper tries λ in steps of 0.05 up to 1 and keeps 95 % of a control task's accuracy; MUSE takes 5 without asking. Larger
// ones are tried here, since training on what a model knows by heart moves it little. The retain text is not trained on: it is the control task.

import { z } from "zod";
import { definePlan, type PlanContext } from "./plan.ts";
import { coefficientGrid, gridHasSteps, gridWithoutSteps, searchCoefficient } from "./search-coefficient.ts";
import { refuseTaughtLora, rememberWeights, type TaskVector, taskVector } from "./task-vector.ts";
import { createUtility, utilityBudget } from "./utility.ts";

const options = z
  .strictObject({
    coefficient: z.number().positive().optional().describe("λ; found by search on the retain text when left out"),
    ...utilityBudget,
    ...coefficientGrid,
  })
  .refine(gridHasSteps, gridWithoutSteps);
type NegateOptions = z.output<typeof options>;

export const negate = definePlan({
  name: "negate",
  summary: "train on what must go, then step the opposite way as far as the retain text bears",
  paper: "https://arxiv.org/abs/2212.04089",
  options,
  needsRetain: ({ coefficient }) => coefficient === undefined,
  check: ({ model, trainable }) => refuseTaughtLora(model, trainable),
  async run(context, chosen) {
    const { model, trainable } = context;
    const before = await rememberWeights(model, trainable);
    const search = chosen.coefficient === undefined ? await createSearch(context, chosen) : undefined;
    const text = await context.gather(1);
    await text.train({ goesOn: true });
    const vector = await taskVector(model, trainable, before);
    const coefficient = chosen.coefficient ?? (await search?.(vector)) ?? 0;
    await vector.apply(-coefficient);
  },
});

/** Measures the model as it is, and returns the search for λ that is held against it. */
async function createSearch(context: PlanContext, chosen: NegateOptions) {
  const { model, retain, report, signal, note } = context;
  const { measure, budget, step } = chosen;
  const before = await createUtility(model, retain, chosen, signal).measure();
  return async (vector: TaskVector): Promise<number> => {
    const { coefficient, value: after, tried } = await searchCoefficient(context, vector, { ...chosen, before });
    await note({ plan: "negate", measure, budget, before, tried, coefficient });
    if (after === undefined) {
      report({
        type: "warning",
        text: `negation changes nothing: already λ = ${step} costs more of ${measure} on the retain text than the budget of ${budget} allows.`,
        hint: "Allow more (plan.budget), take smaller steps (plan.step), or train less on what must go.",
      });
    } else {
      const change = `${measure} on the retain text goes from ${before.toPrecision(4)} to ${after.toPrecision(4)}`;
      report({ type: "note", text: `negation with λ = ${coefficient}`, reason: change });
    }
    return coefficient;
  };
}
