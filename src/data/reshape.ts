// A record in another form: a question with its label as plain text, a text as a question about it, or the beginning of a text that asks for the rest. Knows nothing of files or tokens.

import { z } from "zod";
import { DataError } from "../core/errors.ts";
import { answerOf, type DataRecord, describeRecord, questionOf } from "./record.ts";

const slots = {
  question: (record: DataRecord) => (record.kind === "text" ? undefined : questionOf(record)),
  answer: (record: DataRecord) => (record.kind === "text" ? undefined : answerOf(record)),
  text: (record: DataRecord) => (record.kind === "text" ? record.text : undefined),
  subject: ({ subject }: DataRecord) => subject,
  attribute: ({ attribute }: DataRecord) => attribute,
} as const;
type Slot = keyof typeof slots;

const names = Object.keys(slots);
const template = z
  .string()
  .min(1)
  .refine((text) => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => names.includes(name as string)), {
    error: `may hold ${names.map((name) => `{${name}}`).join(", ")}, and no other word in braces`,
  });

/** What each record becomes, with slots such as {question} that its own parts are put into. */
export const recordForm = z.union([
  z.strictObject({ text: template }),
  z.strictObject({ question: template, answer: template }),
]);
export type RecordForm = z.output<typeof recordForm>;

/** The record with texts made anew; id, labels and place stay. @throws DataError for a slot that the record has nothing for. */
export function inForm(record: DataRecord, form: RecordForm): DataRecord {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, name: Slot) => {
      const part = slots[name](record);
      if (part !== undefined) return part;
      throw new DataError(`${describeRecord(record)} has nothing to put in place of {${name}}`, {
        hint: `It has ${filled(record)}.`,
        ...(record.place ? { place: record.place } : {}),
      });
    });
  const { id, subject, attribute, scope, place } = record;
  const base = {
    id,
    ...(subject === undefined ? {} : { subject }),
    ...(attribute === undefined ? {} : { attribute }),
    ...(scope === undefined ? {} : { scope }),
    ...(place === undefined ? {} : { place }),
  };
  return "text" in form
    ? { ...base, kind: "text", text: fill(form.text) }
    : { ...base, kind: "question-answer", question: fill(form.question), answer: fill(form.answer) };
}

const filled = (record: DataRecord) =>
  names
    .filter((name) => slots[name as Slot](record) !== undefined)
    .map((name) => `{${name}}`)
    .join(", ");

/**
 * The first words of a plain text as a question and the rest, its first space included, as the answer: ask with an empty separator. Undefined for a text that is no longer
 * than its opening. Other records stay as they are.
 */
export function withOpening(record: DataRecord, words: number): DataRecord | undefined {
  if (record.kind !== "text") return record;
  const question = new RegExp(`^\\s*(?:\\S+\\s+){${words - 1}}\\S+(?=\\s+\\S)`).exec(record.text)?.[0];
  if (question === undefined) return undefined;
  const { kind: _, text, ...base } = record;
  return { ...base, kind: "question-answer", question, answer: text.slice(question.length) };
}
