// How far a model can be moved along a task vector before the text that must stay suffers more than is allowed. Knows nothing of what the vector holds.

import { z } from "zod";
import { largestThatKeeps } from "./line-search.ts";
import type { PlanContext } from "./plan.ts";
import type { TaskVector } from "./task-vector.ts";
import { createUtility, type UtilityMeasure } from "./utility.ts";

export const coefficientGrid = {
  step: z.number().positive().default(0.05).describe("λ is a multiple of it"),
  maximum: z.number().positive().default(40).describe("largest λ that is tried; text known by heart takes many"),
};

/** For a plan's options: is there anything to try? */
export const gridHasSteps = ({ step, maximum }: { readonly step: number; readonly maximum: number }) => step <= maximum;
export const gridWithoutSteps = { path: ["step"], message: "larger than `maximum`: there is nothing to try" };

export interface CoefficientSearch {
  readonly measure: UtilityMeasure;
  /** Share by which the measure may be worse than `before`. */
  readonly budget: number;
  readonly before: number;
  readonly step: number;
  readonly maximum: number;
}

export interface FoundCoefficient {
  /** 0 when already the smallest step costs more than the budget. */
  readonly coefficient: number;
  /** The measure there; undefined for 0. */
  readonly value: number | undefined;
  /** In the order asked. */
  readonly tried: readonly { readonly coefficient: number; readonly value: number; readonly kept: boolean }[];
}

/** The largest λ for which θ_0 − λ·τ is within the budget. Leaves the model at one of those tried. */
export async function searchCoefficient(
  { model, retain, report, signal }: Pick<PlanContext, "model" | "retain" | "report" | "signal">,
  vector: TaskVector,
  { measure, budget, before, step, maximum }: CoefficientSearch,
): Promise<FoundCoefficient> {
  const utility = createUtility(model, retain, { measure, budget }, signal);
  const started = performance.now();
  const phase = "search coefficient";
  report({ type: "phase-start", phase });
  const tried: FoundCoefficient["tried"][number][] = [];
  const coefficientOf = (k: number) => Number((k * step).toPrecision(12));
  const best = await largestThatKeeps(Math.floor(maximum / step + 1e-9), async (k) => {
    await vector.apply(-coefficientOf(k));
    const value = await utility.measure();
    const kept = utility.within(value, before);
    tried.push({ coefficient: coefficientOf(k), value, kept });
    return kept;
  });
  report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
  const coefficient = coefficientOf(best);
  return { coefficient, value: tried.find((each) => each.coefficient === coefficient)?.value, tried };
}
