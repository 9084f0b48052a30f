// How likely a language model finds answers to questions, end included: what a taught classifier or tagger is read by, without generating.
// Knows nothing of what the answers mean.

import { type EncodedExample, encodeExample } from "../data/encoding.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import { rowValues } from "../training/row-values.ts";
import type { Session } from "./session.ts";

export interface Asked {
  readonly text: string;
  readonly answer: string;
  /** The question, of the text or of as much of it as fits the context; the text itself when left out. */
  readonly question?: (text: string) => string;
}

/** log P(answer, end | question) in nats of each, in one forced pass. @throws DataError where not even a question without text fits; the signal's reason when aborted */
export type AnswerLikelihoods = (asked: readonly Asked[], signal?: AbortSignal) => Promise<number[]>;

/** For as long as the model's weights stay: its programs serve every call. */
export function createAnswerLikelihoods({
  model,
  tokenizer,
  encoding,
}: Pick<Session, "model" | "tokenizer" | "encoding">): AnswerLikelihoods {
  const runner = createStageRunner(model);
  const encode = ({ text, answer, question = (whole) => whole }: Asked): EncodedExample => {
    const record = { kind: "question-answer", id: "text", question: question(text), answer } as const;
    return encodeExample(tokenizer, record, { ...encoding, loss: "answer", tooLong: "error" });
  };
  /** Of a text that does not fit the context its beginning is asked about. */
  const fitting = (asked: Asked): Asked => {
    const { contextLength = Number.POSITIVE_INFINITY } = encoding;
    const ids = Array.from(tokenizer.encode(asked.text, { addSpecialTokens: false }));
    // Where text and question meet, tokens may be one more than apart.
    const room = contextLength - encode({ ...asked, text: "" }).ids.length - 1;
    if (ids.length <= room) return asked;
    // A character may have been cut through.
    return { ...asked, text: tokenizer.decode(ids.slice(0, Math.max(0, room))).replace(/\uFFFD+$/, "") };
  };
  return async (asked, signal) => {
    const examples = asked.map((each) => encode(fitting(each)));
    const found = await rowValues(runner, examples, ["nll"], signal);
    return found.map(({ nll }) => nll.reduce((sum, value) => sum - value, 0));
  };
}
