// Reveal-and-Release in rounds (2509.14624; the steps are our reading, seeds §3.5: no code is published). Each round gathers what the model says of what must
// go, trains on it, and steps the opposite way as far as the round's share of a budget on the retain text bears; the next begins from where it led.

import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import { isLoraWeight } from "../../models/lora.ts";
import type { RoundFound } from "./iterate-found.ts";
import { createLoraStack } from "./lora-stack.ts";
import { definePlan, type PlanContext, type RoundText } from "./plan.ts";
import { type RetainText, retainModuleOptions, splitRetain } from "./retain-module.ts";
import { type Course, knownOf, repair, takeRound } from "./round.ts";
import { coefficientGrid, gridHasSteps, gridWithoutSteps } from "./search-coefficient.ts";
import { createSubspaces, orthogonalOptions } from "./subspaces.ts";
import { refuseTaughtLora } from "./task-vector.ts";
import { createUtility, utilityBudget } from "./utility.ts";

const options = z
  .strictObject({
    rounds: z.number().int().positive().default(4).describe("at most; round t of T may use t/T of the budget"),
    askEvery: z
      .number()
      .int()
      .positive()
      .default(1)
      .describe("rounds on one text before the source is asked again: asking may cost more than a round"),
    accumulate: z
      .boolean()
      .default(true)
      .describe(
        "what the source makes is added to what it made before, each text once; false: only the newest is trained on",
      ),
    ...utilityBudget,
    ...coefficientGrid,
    until: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "stop when the model says no more of what must go: the source's score, else token accuracy on its text",
      ),
    retainModule: retainModuleOptions.optional().describe("LoRA trained on the retain text and added"),
    orthogonal: orthogonalOptions.optional().describe("keeps each round's LoRA clear of the modules before it"),
    keepRounds: z.boolean().default(true).describe("keep every round's result in rounds/, to choose from afterwards"),
  })
  .refine(gridHasSteps, gridWithoutSteps)
  .refine(({ orthogonal, retainModule }) => orthogonal?.against !== "retain" || retainModule !== undefined, {
    path: ["orthogonal", "against"],
    message: "there is no retain module to be kept clear of: add `retainModule: {}`, or say forget",
  });
type IterateOptions = z.output<typeof options>;

export const iterate = definePlan({
  name: "iterate",
  summary: "in rounds: gather, train on it, step the opposite way within a share of the budget",
  paper: "https://arxiv.org/abs/2509.14624",
  options,
  needsRetain: () => true,
  check: async ({ model, trainable, retain }, chosen) => {
    await refuseTaughtLora(model, trainable);
    const asked = (["retainModule", "orthogonal"] as const).find((key) => chosen[key] !== undefined);
    if (asked && !trainable.every(isLoraWeight)) throw needsLora(asked);
    if (chosen.retainModule && retain.length < 2) throw tooLittleRetain();
  },
  async run(context, chosen) {
    const { model, trainable, random, report, signal } = context;
    const { measure, budget, rounds: most, askEvery, accumulate: withEarlier, retainModule } = chosen;
    const retain: RetainText = retainModule
      ? splitRetain(context.retain, retainModule.heldOut, random.fork("held out"))
      : { taught: [], measured: context.retain };
    const course: Course = {
      context: { ...context, retain: retain.measured },
      chosen,
      taught: retain.taught,
      before: await createUtility(model, retain.measured, chosen, signal).measure(),
      stack: trainable.every(isLoraWeight) ? createLoraStack(model) : undefined,
      subspaces: createSubspaces(model, chosen.orthogonal),
    };
    const { before, stack } = course;
    const rounds: RoundFound[] = [];
    const note = (ended?: string) =>
      context.note({ plan: "iterate", measure, budget, before, rounds, kept: chosen.keepRounds, ended });
    if (retainModule?.when === "first") await repair(course, "first");
    let ended = `all ${most} rounds are done`;
    let tooCostly = false;
    let text: RoundText | undefined;
    for (let round = 1; round <= most; round++) {
      const asks = (round - 1) % askEvery === 0;
      if (!text || asks) text = await context.gather(1 + (round - 1) / askEvery, { withEarlier });
      const reason = await whyStop(text, chosen, context);
      const taken = reason ?? (await takeRound(course, round, text));
      if (typeof taken === "string") {
        ended = taken;
        tooCostly = reason === undefined;
        break;
      }
      rounds.push(taken);
      await note();
      report({ type: "note", text: described(taken, chosen, before) });
      const keep = (result: typeof model) => context.keepRound(round, result);
      if (chosen.keepRounds) await (stack ? stack.lend(keep) : keep(model));
      await context.measure();
    }
    await note(ended);
    const moved = rounds.some(({ coefficient }) => coefficient > 0);
    await (moved ? stack?.finish() : stack?.undo());
    report(moved ? { type: "note", text: `iteration ended: ${ended}` } : nothingChanges(ended, tooCostly));
  },
});

/** Is there nothing to do, or nothing left to do? */
async function whyStop(text: RoundText, { until }: IterateOptions, context: PlanContext): Promise<string | undefined> {
  if (text.forget.length === 0) return "the source finds nothing more to train on";
  if (until === undefined) return undefined;
  const said = text.score ?? (await knownOf(text, context));
  return said <= until
    ? `the model says ${said.toPrecision(3)} of what must go, at most the ${until} of plan.until`
    : undefined;
}

function described(
  { round, coefficient, forget, retain, repaired }: RoundFound,
  chosen: IterateOptions,
  before: number,
) {
  const mends = chosen.retainModule?.when === "each";
  const unmended = mends ? ", the retain module mends nothing and is left out" : "";
  const after = repaired === undefined ? unmended : `, ${repaired.toPrecision(4)} with what the retain module added`;
  const why = coefficient === 0 ? ", its share of the budget bears no step" : "";
  const most = coefficient < chosen.maximum ? "" : ", the largest that plan.maximum lets it try";
  return (
    `round ${round} of ${chosen.rounds}: λ = ${coefficient}${why}${most}; token accuracy on its text goes from ${forget.before.toPrecision(4)} to ${forget.after.toPrecision(4)}, ` +
    `${chosen.measure} on the retain text is ${retain.toPrecision(4)}${after}; it began at ${before.toPrecision(4)}`
  );
}

const nothingChanges = (reason: string, tooCostly: boolean) =>
  ({
    type: "warning",
    text: `iteration changes nothing: ${reason}.`,
    ...(tooCostly && {
      hint: "Allow more (plan.budget), take smaller steps (plan.step), or train less on what must go.",
    }),
  }) as const;

const needsLora = (key: string) =>
  new ConfigError(`plan "iterate" can only use ${key} with LoRA, and other weights move`, {
    place: { key: `plan.${key}` },
    hint: "Set scope: lora, or leave it out.",
  });

const tooLittleRetain = () =>
  new ConfigError("a retain module needs two retain texts: one to learn, and one for the budget to be measured on", {
    place: { key: "retain" },
    hint: "Give more retain text, or leave plan.retainModule out.",
  });
