// Gather, train, and gather again from the model that came of it: for a source whose text is the model's own, what one round leaves the next may find. Unlike
// `iterate` the training itself forgets; nothing is negated and no budget is kept.

import { z } from "zod";
import { definePlan } from "./plan.ts";
import { knownOf, until, whyStop } from "./stop.ts";

export const repeat = definePlan({
  name: "repeat",
  summary: "in rounds: gather from the model as it then is, and train with the objective",
  paper: "",
  options: z.strictObject({
    rounds: z.number().int().positive().default(3).describe("at most"),
    until,
    keepRounds: z.boolean().default(false).describe("keep every round's result in rounds/, to choose from afterwards"),
  }),
  needsRetain: () => false,
  async run(context, { rounds: most, until, keepRounds }) {
    const { model, report } = context;
    const rounds: { round: number; texts: number; forget: { before: number; after: number } }[] = [];
    let ended = `all ${most} rounds are done`;
    for (let round = 1; round <= most; round++) {
      const text = await context.gather(round);
      const reason = await whyStop(text, until, context);
      if (reason !== undefined) {
        ended = reason;
        break;
      }
      const before = await knownOf(text, context);
      await text.train({ goesOn: true });
      const forget = { before, after: await knownOf(text, context) };
      rounds.push({ round, texts: text.forget.length, forget });
      await context.note({ plan: "repeat", rounds });
      report({
        type: "note",
        text: `round ${round} of ${most}: token accuracy on its text goes from ${before.toPrecision(4)} to ${forget.after.toPrecision(4)}`,
      });
      if (keepRounds) await context.keepRound(round, model);
      await context.measure();
    }
    await context.note({ plan: "repeat", rounds, ended });
    report({ type: rounds.length > 0 ? "note" : "warning", text: `repetition ended: ${ended}` });
  },
});
