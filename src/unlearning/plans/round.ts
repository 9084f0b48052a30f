// One round of iterated negation: train on the round's text, find how far the opposite way is borne, take that step, mend what it cost. Knows nothing of
// where the text comes from, nor when to stop.

import type { Sequence } from "../../data/batching.ts";
import type { RoundFound } from "./iterate-found.ts";
import type { LoraStack } from "./lora-stack.ts";
import type { PlanContext, RoundText } from "./plan.ts";
import { type RetainModuleOptions, trainRetainModule } from "./retain-module.ts";
import { type CoefficientSearch, searchCoefficient } from "./search-coefficient.ts";
import type { Subspaces } from "./subspaces.ts";
import { rememberWeights, taskVector } from "./task-vector.ts";
import { createUtility } from "./utility.ts";

/** What stays the same from round to round. */
export interface Course {
  /** With the retain text that the budget is measured on. */
  readonly context: PlanContext;
  readonly chosen: Omit<CoefficientSearch, "before"> & {
    readonly rounds: number;
    readonly retainModule?: RetainModuleOptions | undefined;
  };
  /** The retain text that the retain module learns. */
  readonly taught: readonly Sequence[];
  /** The measure on the retain text before the first round. */
  readonly before: number;
  /** Undefined where plain weights move. */
  readonly stack: LoraStack | undefined;
  readonly subspaces: Subspaces;
}

/** Token accuracy of the model as it is on a round's text. */
export const knownOf = ({ forget }: RoundText, { model, signal }: Pick<PlanContext, "model" | "signal">) =>
  createUtility(model, forget, { measure: "token-accuracy", budget: 0 }, signal).measure();

/**
 * Round t of T, which may use t/T of the budget: one whose share bears no step takes none, mends all the same, and leaves it to the next, which may use more.
 * Why there is none when not even the whole budget bears one; the model is then as before.
 */
export async function takeRound(course: Course, round: number, text: RoundText): Promise<RoundFound | string> {
  const { context, chosen, before, stack, subspaces } = course;
  const { model, trainable, random } = context;
  const known = await knownOf(text, context);
  const start = await rememberWeights(model, trainable);
  {
    using weightTerm = await subspaces.term();
    await text.train({ goesOn: true, weightTerm });
  }
  const vector = await taskVector(model, trainable, start);
  const allowed = { ...chosen, before, budget: (chosen.budget * round) / chosen.rounds };
  const { coefficient, value, tried } = await searchCoefficient(context, vector, allowed);
  await vector.apply(-coefficient);
  const utility = createUtility(model, context.retain, chosen, context.signal);
  // Where none is borne, the smallest step is the last that was tried.
  const least = tried.at(-1)?.value ?? Number.NaN;
  if (value === undefined && !utility.within(least, before)) {
    return `already λ = ${chosen.step} costs more of ${chosen.measure} on the retain text than the whole budget of ${chosen.budget}`;
  }
  const retain = value ?? (await utility.measure());
  const shared = value === undefined ? {} : await subspaces.shared();
  const after = value === undefined ? known : await knownOf(text, context);
  if (value !== undefined) {
    await subspaces.remember("forget");
    await stack?.push(random.fork(`round ${round}`));
  }
  const repaired = chosen.retainModule?.when === "each" ? await repair(course, `repair ${round}`, retain) : undefined;
  return {
    round,
    texts: text.forget.length,
    ...(text.score === undefined ? {} : { score: text.score }),
    forget: { before: known, after },
    coefficient,
    retain,
    ...(repaired === undefined ? {} : { repaired }),
    ...(Object.keys(shared).length === 0 ? {} : { shared }),
    tried: [...tried],
  };
}

/**
 * Trains the retain module and adds it, unless the retain text that it was not trained on is worse off than `unmended`. Returns the measure there; undefined
 * where nothing was added.
 */
export async function repair(
  { context, chosen, taught, stack, subspaces }: Course,
  label: string,
  unmended?: number,
): Promise<number | undefined> {
  const { model, retain, random, signal } = context;
  const learned = chosen.retainModule && (await trainRetainModule(context, taught, chosen.retainModule));
  const utility = createUtility(model, retain, { ...chosen, budget: 0 }, signal);
  const mended = await utility.measure();
  if (unmended !== undefined && !utility.within(mended, unmended)) {
    await learned?.apply(0);
    return undefined;
  }
  await subspaces.remember("retain");
  await stack?.push(random.fork(label));
  return mended;
}
