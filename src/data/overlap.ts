// Refuses a forget set that is also in the retain set: no method can do both. Knows nothing of files or tokens.

import { DataError } from "../core/errors.ts";
import { answerOf, type DataRecord, describeRecord, questionOf } from "./record.ts";

export interface Overlap {
  readonly forget: DataRecord;
  readonly retain: DataRecord;
}

/** Forget records whose question and answer (case, spacing, Unicode form and closing punctuation aside) are also in the retain set, in forget order. */
export function findOverlap(forget: readonly DataRecord[], retain: readonly DataRecord[]): Overlap[] {
  const kept = new Map<string, DataRecord>();
  for (const record of retain) if (!kept.has(key(record))) kept.set(key(record), record);
  return forget.flatMap((record) => {
    const same = kept.get(key(record));
    return same ? [{ forget: record, retain: same }] : [];
  });
}

/**
 * Records to forget whose question is in the retain set with another answer, in forget order. A prompt that has several answers on one side, such as
 * "Write a sentence.", asks for no fact and is left alone.
 */
function findSharedQuestions(forget: readonly DataRecord[], retain: readonly DataRecord[]): Overlap[] {
  const [asked, kept] = [byQuestion(forget), byQuestion(retain)];
  return [...asked].flatMap(([question, [record, ...others]]) => {
    const [same, ...more] = kept.get(question) ?? [];
    return record && same && others.length + more.length === 0 && key(record) !== key(same)
      ? [{ forget: record, retain: same }]
      : [];
  });
}

/** By question, a record of each of its answers. Options, and what was said before, belong to a question, so that those who have them are left out. */
function byQuestion(records: readonly DataRecord[]): Map<string, DataRecord[]> {
  const found = new Map<string, DataRecord[]>();
  const plain = records.filter(({ kind }) => kind === "question-answer");
  for (const record of new Map(plain.map((record) => [key(record), record])).values()) {
    const question = normalise(questionOf(record));
    const answers = found.get(question);
    if (answers) answers.push(record);
    else if (question !== "") found.set(question, [record]);
  }
  return found;
}

/** @throws DataError that lists the first records found in both sets, or the first questions. */
export function refuseOverlap(forget: readonly DataRecord[], retain: readonly DataRecord[]): void {
  const records = findOverlap(forget, retain);
  const both = records.length > 0 ? records : findSharedQuestions(forget, retain);
  if (both.length === 0) return;
  const what = records.length > 0 ? "" : ", asked there with another answer";
  const first = both.slice(0, 5).map((pair) => {
    const question = questionOf(pair.forget) || answerOf(pair.forget);
    const shown = question.length <= 80 ? question : `${question.slice(0, 79)}…`;
    return `  ${describeRecord(pair.forget)} = ${describeRecord(pair.retain)}: ${shown}`;
  });
  const more = both.length > first.length ? [`  … and ${both.length - first.length} more`] : [];
  const place = both[0]?.forget.place;
  throw new DataError(
    [`${both.length} of ${forget.length} forget records are also in the retain set${what}:`, ...first, ...more].join(
      "\n",
    ),
    { hint: "Remove them from one of the two sets: a fact cannot be forgotten and kept.", ...(place ? { place } : {}) },
  );
}

function key(record: DataRecord): string {
  return JSON.stringify([normalise(questionOf(record)), normalise(answerOf(record))]);
}

/** Case, spacing, Unicode form and closing punctuation taken away. */
export function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[.!?\s]+$/, "");
}
