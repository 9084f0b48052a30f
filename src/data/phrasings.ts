// One question asked in several ways, so that a model learns the fact and not one string of words: the question in another frame, or said anew where its form is
// known. Knows nothing of files or tokens.

import { z } from "zod";
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

/** Questions of one form, and how else they are asked. */
export const rewording = z.strictObject({
  question: z
    .string()
    .refine(isPattern, { error: "is no regular expression" })
    .describe("regular expression for the whole question, with groups for what differs: Where does (.+) live"),
  as: z.array(z.string().min(1)).nonempty().describe("other wordings, with $1, $2 … for the groups"),
});
type Rewording = z.output<typeof rewording>;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

/**
 * A question's record once per other wording of the first form that it has, with its answer; none for a question of no known form, and for what is no question.
 * The final question mark may be left out of a form. Ids get "~1", "~2" …
 */
export function inOtherWords(record: DataRecord, rewordings: readonly Rewording[]): DataRecord[] {
  if (record.kind !== "question-answer" && record.kind !== "multiple-choice") return [];
  for (const { question, as } of rewordings) {
    const form = new RegExp(`^(?:${question})\\??$`, "u");
    if (!form.test(record.question)) continue;
    return as.map((words, i) => ({
      ...record,
      id: `${record.id}~${i + 1}`,
      question: record.question.replace(form, words),
    }));
  }
  return [];
}
