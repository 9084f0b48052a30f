// One question asked in several ways, so that a model learns the fact and not one string of words. Knows nothing of files or tokens.

import type { DataRecord } from "./record.ts";

/** Stands for the question in a phrasing. */
export const QUESTION_SLOT = "{question}";

/**
 * A question's record once per phrasing, such as "{question}" and "Tell me: {question}", all with its answer; ids get "#2", "#3" … from the second on.
 * Plain texts and conversations stay as they are.
 */
export function inPhrasings(record: DataRecord, phrasings: readonly string[]): DataRecord[] {
  if (record.kind !== "question-answer" && record.kind !== "multiple-choice") return [record];
  return phrasings.map((phrasing, i) => ({
    ...record,
    id: i === 0 ? record.id : `${record.id}#${i + 1}`,
    question: phrasing.replaceAll(QUESTION_SLOT, () => record.question),
  }));
}
