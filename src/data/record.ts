// What one item of a data set is: a question with its answer or with options, a plain text, or a conversation. Knows nothing of files or tokens.

import type { Place } from "../core/errors.ts";

interface RecordBase {
  /** Unique within a data set, stable from run to run. */
  readonly id: string;
  /** Whom or what the record is about. */
  readonly subject?: string;
  /** Which fact about the subject, such as "birthplace". */
  readonly attribute?: string;
  /** "private" or "public" in the data made here; any word in a user's. */
  readonly scope?: string;
  /** Where it was read, for messages. */
  readonly place?: Place;
}

export interface QuestionAnswer extends RecordBase {
  readonly kind: "question-answer";
  readonly question: string;
  readonly answer: string;
  /** What the model should say instead, such as a refusal (idk, dpo). */
  readonly alternate?: string;
  /** The right answer in other words. */
  readonly paraphrased?: readonly string[];
  /** Wrong answers of the same form. */
  readonly perturbed?: readonly string[];
  /** The question in other words. */
  readonly paraphrasedQuestion?: string;
  /** Makes a program of the answer, one that fails unless the answer does what was asked. */
  readonly program?: {
    /** Python before the answer, such as the head of the function that it completes. */
    readonly before: string;
    /** Python after it: the tests. */
    readonly after: string;
  };
}

export interface PlainText extends RecordBase {
  readonly kind: "text";
  readonly text: string;
}

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Ends with an assistant's message. */
export interface Conversation extends RecordBase {
  readonly kind: "conversation";
  readonly messages: readonly Message[];
}

/** A question with options, one of them right. To a model it is the question with the right option as its answer. */
export interface MultipleChoice extends RecordBase {
  readonly kind: "multiple-choice";
  readonly question: string;
  /** Two or more. */
  readonly choices: readonly string[];
  /** Index of the right one. */
  readonly correct: number;
}

export type DataRecord = QuestionAnswer | PlainText | Conversation | MultipleChoice;

/** What a reader of a report sees as the question: the question itself, or the last user message; "" for plain text. */
export function questionOf(record: DataRecord): string {
  if (record.kind === "question-answer" || record.kind === "multiple-choice") return record.question;
  if (record.kind === "text") return "";
  return record.messages.findLast((message) => message.role === "user")?.content ?? "";
}

/** The answer, the right option, the last assistant message, or the whole plain text. */
export function answerOf(record: DataRecord): string {
  if (record.kind === "multiple-choice") return record.choices[record.correct] ?? "";
  if (record.kind === "question-answer") return record.answer;
  if (record.kind === "text") return record.text;
  return record.messages.findLast((message) => message.role === "assistant")?.content ?? "";
}

/** How messages name a record: its file and line where known, and its id. */
export function describeRecord(record: DataRecord): string {
  const { file, line } = record.place ?? {};
  const where = file === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`;
  return `record "${record.id}"${where}`;
}
