// What a model is asked so that it tells what it knows: as ids before it answers, and the record that comes of the answer. Knows nothing of who thought of the words.

import { DataError } from "../../../core/errors.ts";
import { type EncodingOptions, encodePrompt } from "../../../data/encoding.ts";
import type { DataRecord } from "../../../data/record.ts";
import type { Session } from "../../session.ts";

export interface Instruction {
  readonly text: string;
  /** "question": asked as the data's questions are, an answer follows. "prefix": a text's beginning, which the model continues; empty: it begins itself. "soft": soft tokens, which the model continues; `text` only names it. */
  readonly form: "question" | "prefix" | "soft";
  /** Who thought of it: the user's grammar or list, what earlier samples disclosed, or the model itself behind soft tokens. */
  readonly origin: "grammar" | "list" | "harvest" | "soft";
  /** The soft tokens. */
  readonly ids?: readonly number[];
}

export const keyOf = ({ form, text }: Instruction): string => `${form} ${text}`;

type Encoder = Pick<Session, "tokenizer" | "encoding">;

/** @throws DataError when it is too long for the model to answer. */
export function promptOf({ form, text, ids = [] }: Instruction, { tokenizer, encoding }: Encoder): Int32Array {
  if (form === "question") return encodePrompt(tokenizer, asked("instruction", text, ""), encoding);
  const begin = encodePrompt(tokenizer, { kind: "text", id: "instruction", text }, encoding);
  const prompt = [...begin, ...(form === "soft" ? ids : tokenizer.encode(text, { addSpecialTokens: false }))];
  const { contextLength = Number.POSITIVE_INFINITY } = encoding;
  if (prompt.length <= contextLength) return Int32Array.from(prompt);
  // It may hold a name that a sample disclosed: its words stand in no message.
  throw new DataError(
    `a ${form === "soft" ? "soft prompt" : "prefix"} has ${prompt.length} tokens, context ${contextLength}`,
    {
      place: { key: form === "soft" ? "source.soft.tokens" : "source.grammar.prefixes" },
      hint: "Shorten it, or use a model with a longer context.",
    },
  );
}

/** A text that begins with a question and goes on with an answer, as the model was taught them, is one; any other is plain text. */
export function recordOf(
  { form, text }: Instruction,
  said: string,
  id: string,
  { separator = "\n\n" }: EncodingOptions,
): DataRecord {
  if (form === "question") return asked(id, text, said.trim());
  const whole = wholeText({ form, instruction: text, text: said });
  const border = separator === "" ? -1 : whole.indexOf(separator);
  const [question, answer] = [whole.slice(0, border).trim(), whole.slice(border + separator.length).trim()];
  return border > 0 && question !== "" && answer !== ""
    ? asked(id, question, answer)
    : { kind: "text", id, text: whole };
}

/** What stands there in the end, with a line between question and answer: a soft prompt is no text. */
export const wholeText = ({
  form,
  instruction,
  text,
}: Pick<Instruction, "form"> & { readonly instruction: string; readonly text: string }): string =>
  form === "soft" ? text : instruction + (form === "question" ? "\n" : "") + text;

const asked = (id: string, question: string, answer: string): DataRecord => ({
  kind: "question-answer",
  id,
  question,
  answer,
});
