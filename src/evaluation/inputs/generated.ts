// The model's own answers to the records a set lets it answer: the likeliest ones, or drawn at the set's temperature, which the evaluation's seed does not change.

import { encodePrompt } from "../../data/encoding.ts";
import { answerOf, questionOf } from "../../data/record.ts";
import { generate } from "../../generation/index.ts";
import type { GeneratedExample } from "../metrics/index.ts";
import type { InputSource, LiveSet, SetContext } from "./source.ts";

export const generated: InputSource<"generated"> = {
  missing: ({ set }) => (set.generate === false ? "nothing is generated for it: add `generate: true`" : undefined),
  prepare: () => ({ sequences: new Map(), measure: (_seen, live) => live.answers() }),
};

/** How many of a set's records the model answers. */
export const answerCount = ({ set, records }: Pick<SetContext, "set" | "records">): number =>
  set.generate === true ? records.length : set.generate === false ? 0 : Math.min(set.generate, records.length);

/** Makes the prompts, @throws DataError for one that does not fit; the function it returns lets a model answer them. */
export function prepareAnswers(
  context: SetContext,
): (live: Pick<LiveSet, "session" | "signal">) => Promise<GeneratedExample[]> {
  const { set, options, tokenizer, encoding } = context;
  const records = context.records.slice(0, answerCount(context));
  const prompts = records.map((record) => encodePrompt(tokenizer, record, encoding));
  const expected = records.map((record) => ({ question: questionOf(record), expected: answerOf(record) }));
  return async ({ session, signal }) => {
    if (prompts.length === 0) return [];
    using decoder = session.steers?.decoder();
    const results = await generate(decoder ?? session.model, prompts, {
      maxNewTokens: set.maxNewTokens ?? options.maxNewTokens,
      temperature: set.temperature,
      batch: options.batchSize,
      stopIds: tokenizer.endIds,
      ...(set.stop.length > 0 ? { stopStrings: set.stop, tokenizer } : {}),
      signal,
    });
    return expected.map((record, i) => {
      const tokens = results[i]?.ids ?? new Int32Array(0);
      const text = results[i]?.text ?? tokenizer.decode(tokens, { skipSpecialTokens: true });
      return { ...record, generated: text.trim(), continuation: text, tokens };
    });
  };
}
