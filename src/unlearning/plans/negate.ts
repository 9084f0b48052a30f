// Negation of a task vector (2212.04089; methods §2.9): train on what must go, then go the opposite way, θ = θ_0 − λ·(θ_ft − θ_0), with the largest λ that what
// must stay bears. The paper tries λ in steps of 0.05 up to 1 and keeps 95 % of a control task's accuracy; MUSE takes 5 without asking, the largest tried here.
// The retain text is not trained on here: it is the control task.

import { z } from "zod";
import { largestThatKeeps } from "./line-search.ts";
import { definePlan, type PlanContext } from "./plan.ts";
import { rememberWeights, type TaskVector, taskVector } from "./task-vector.ts";
import { createUtility, utilityBudget } from "./utility.ts";

const options = z
  .strictObject({
    coefficient: z.number().positive().optional().describe("λ; found by search on the retain text when left out"),
    ...utilityBudget,
    step: z.number().positive().default(0.05).describe("λ is a multiple of it"),
    maximum: z.number().positive().default(5).describe("largest λ that is tried"),
  })
  .refine(({ step, maximum }) => step <= maximum, {
    path: ["step"],
    message: "larger than `maximum`: there is nothing to try",
  });
type NegateOptions = z.output<typeof options>;

export const negate = definePlan({
  name: "negate",
  summary: "train on what must go, then step the opposite way as far as the retain text bears",
  paper: "https://arxiv.org/abs/2212.04089",
  options,
  needsRetain: ({ coefficient }) => coefficient === undefined,
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
async function createSearch({ model, retain, report, signal, note }: PlanContext, chosen: NegateOptions) {
  const before = await createUtility(model, retain, chosen, signal).measure();
  return async (vector: TaskVector): Promise<number> => {
    const utility = createUtility(model, retain, chosen, signal);
    const started = performance.now();
    const phase = "search coefficient";
    report({ type: "phase-start", phase });
    const tried: { coefficient: number; value: number; kept: boolean }[] = [];
    const coefficientOf = (k: number) => Number((k * chosen.step).toPrecision(12));
    const steps = Math.floor(chosen.maximum / chosen.step + 1e-9);
    const best = await largestThatKeeps(steps, async (k) => {
      await vector.apply(-coefficientOf(k));
      const value = await utility.measure();
      const kept = utility.within(value, before);
      tried.push({ coefficient: coefficientOf(k), value, kept });
      return kept;
    });
    const coefficient = coefficientOf(best);
    report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
    const { measure, budget } = chosen;
    await note({ plan: "negate", measure, budget, before, tried, coefficient });
    const after = tried.find((each) => each.coefficient === coefficient)?.value;
    if (after === undefined) {
      report({
        type: "warning",
        text: `negation changes nothing: already λ = ${chosen.step} costs more of ${measure} on the retain text than the budget of ${budget} allows.`,
        hint: "Allow more (plan.budget), take smaller steps (plan.step), or train less on what must go.",
      });
    } else {
      const change = `${measure} on the retain text goes from ${before.toPrecision(4)} to ${after.toPrecision(4)}`;
      report({ type: "note", text: `negation with λ = ${coefficient}`, reason: change });
    }
    return coefficient;
  };
}
