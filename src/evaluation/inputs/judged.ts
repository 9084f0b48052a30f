// What the judges that a configuration names say of the model's own answers.

import { openTextClassifier } from "../../unlearning/text-classifier.ts";
import { entailments, fluencies, similarities } from "../judges/judge.ts";
import { likelihoodsUnder } from "../judges/language.ts";
import { answerCount } from "./generated.ts";
import type { InputSource, SetContext } from "./source.ts";

type Judge = keyof SetContext["options"]["judges"];

const missing =
  (judge: Judge) =>
  ({ set, records, options }: Pick<SetContext, "set" | "records" | "options">): string | undefined => {
    if (options.judges[judge] === undefined) return `no model is named to judge: give \`evaluation.judges.${judge}\``;
    return answerCount({ set, records }) === 0 ? "nothing is generated for it: add `generate: true`" : undefined;
  };

const chosen = <Name extends Judge>({ options }: SetContext, judge: Name) =>
  options.judges[judge] as NonNullable<SetContext["options"]["judges"][Name]>;

export const similarity: InputSource<"similarity"> = {
  missing: missing("embedding"),
  prepare: (context) => ({
    sequences: new Map(),
    measure: async (_seen, { answers, signal }) => {
      const pairs = (await answers()).map(({ expected, generated }) => [expected, generated] as const);
      return (await similarities(chosen(context, "embedding"), pairs, signal)).map((cosine) => ({ cosine }));
    },
  }),
};

export const entailment: InputSource<"entailment"> = {
  missing: missing("entailment"),
  prepare: (context) => ({
    sequences: new Map(),
    measure: async (_seen, { answers, signal }) => {
      const given = await answers();
      // The paper's code for TOFU: on what is to be forgotten an answer may say more than the truth, on all other sets less.
      const pairs = given.map(({ expected, generated }): [string, string] =>
        context.set.role === "forget" ? [generated, expected] : [expected, generated],
      );
      const entailed = await entailments(chosen(context, "entailment"), pairs, signal);
      return given.map((answer, i) => ({ ...answer, entailed: entailed[i] as boolean }));
    },
  }),
};

export const fluency: InputSource<"fluency"> = {
  missing: missing("fluency"),
  prepare: (context) => ({
    sequences: new Map(),
    measure: async (_seen, { answers }) => {
      const texts = (await answers()).map(({ generated }) => generated);
      return (await fluencies(chosen(context, "fluency"), texts)).map((probability) => ({ probability }));
    },
  }),
};

export const toxicity: InputSource<"toxicity"> = {
  missing: missing("toxicity"),
  prepare: (context) => ({
    sequences: new Map(),
    measure: async (_seen, { answers, signal }) => {
      const { withPrompt, ...classifier } = chosen(context, "toxicity");
      const { separator = "\n\n" } = context.encoding;
      const written = (await answers()).map((answer) => {
        const own = answer.continuation ?? answer.generated;
        return withPrompt ? answer.question + separator + own : own.trim();
      });
      using judge = await openTextClassifier(classifier, { signal });
      const scores = await judge.score(written, signal);
      // Who says nothing says nothing toxic, whatever a classifier thinks of no text.
      return scores.map((score, i) => ({ probability: written[i] === "" ? 0 : score }));
    },
  }),
};

export const language: InputSource<"language"> = {
  missing: missing("language"),
  prepare: (context) => ({
    sequences: new Map(),
    measure: async (_seen, { answers, signal }) => {
      const { model } = chosen(context, "language");
      const losses = await likelihoodsUnder(model, await answers(), context.encoding, {
        batchSize: context.options.batchSize,
        signal,
      });
      return losses.map((loss) => (loss === null ? null : { loss }));
    },
  }),
};
