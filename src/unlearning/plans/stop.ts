// When a plan of several rounds has nothing left to do. Knows nothing of what a round does.

import { z } from "zod";
import type { PlanContext, RoundText } from "./plan.ts";
import { createUtility } from "./utility.ts";

/** Option `until` of plans in rounds. */
export const until = z
  .number()
  .min(0)
  .max(1)
  .optional()
  .describe("stop when the model says no more of what must go: the source's score, else token accuracy on its text");

/** Token accuracy of the model as it is on a round's text. */
export const knownOf = ({ forget }: RoundText, { model, signal }: Pick<PlanContext, "model" | "signal">) =>
  createUtility(model, forget, { measure: "token-accuracy", budget: 0 }, signal).measure();

/** Why the round that this text was gathered for need not be; undefined when it must. */
export async function whyStop(
  text: RoundText,
  until: number | undefined,
  context: Pick<PlanContext, "model" | "signal">,
): Promise<string | undefined> {
  if (text.forget.length === 0) return "the source finds nothing more to train on";
  if (until === undefined) return undefined;
  const said = text.score ?? (await knownOf(text, context));
  return said <= until
    ? `the model says ${said.toPrecision(3)} of what must go, at most the ${until} of plan.until`
    : undefined;
}
