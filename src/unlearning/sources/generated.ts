// Forget questions with wrong answers that the model itself makes up (AltPO, 2409.13474; methods §2.7): several draws per question, each a record of its own with the
// true answer as `answer` and the draw as `alternate`.

import { z } from "zod";
import { DataError } from "../../core/errors.ts";
import { encodePrompt } from "../../data/encoding.ts";
import { describeRecord } from "../../data/record.ts";
import { createDecoder } from "../../generation/index.ts";
import { openMadeRecords } from "./made-records.ts";
import { defineSource, type SourceStart } from "./source.ts";
import { drawWrongAnswers, type Question } from "./wrong-answers.ts";

const instruction = [
  "Question: {question}",
  "Answer: {answer}",
  "Invent another answer to this question. Leave what the question says as it is, and replace every fact that the answer adds by a different one that could be true. Write only that answer.",
].join("\n");

const options = z.strictObject({
  samples: z.number().int().positive().default(5).describe("answers per question"),
  temperature: z.number().positive().default(1),
  maxNewTokens: z.number().int().positive().default(200),
  prompt: z
    .string()
    .default(instruction)
    .describe(
      "what the model is asked: {question} and {answer} are filled in; {question} alone for a model that follows no instructions",
    ),
  stop: z.array(z.string().min(1)).default(["Question:"]).describe("strings that end an answer"),
  attempts: z
    .number()
    .int()
    .positive()
    .default(6)
    .describe("draws for an answer; from the second on, the true answer is begun and left at a random token"),
});

/** Questions answered together and written at once. Part of what the seed decides. */
const chunkSize = 8;

export const generated = defineSource({
  name: "generated",
  summary: "wrong answers that the model makes up itself, as alternates",
  paper: "https://arxiv.org/abs/2409.13474",
  options,
  recordsOfOne: ({ samples }) => samples,
  prepare({ forget, session }, chosen) {
    const questions = forget.map((record) => asked(record, session, chosen.prompt));
    const records = questions.map(({ record }) => record);
    return async ({ file, random, report, signal }) => {
      using made = openMadeRecords(file, records, chunkSize);
      using decoder = createDecoder(session.model);
      const started = performance.now();
      const phase = "generate alternates";
      report({ type: "phase-start", phase, total: questions.length, unit: "questions" });
      for (let first = made.done; first < questions.length; first += chunkSize) {
        const chunk = questions.slice(first, first + chunkSize);
        made.add(await drawWrongAnswers(chunk, decoder, session, chosen, random.fork(String(first)), signal));
        report({ type: "phase-progress", phase, done: made.done, total: questions.length, unit: "questions" });
      }
      report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
      const draws = made.draws.flat();
      const begun = draws.filter(({ begins }) => begins !== null).length;
      if (begun > 0) {
        report({
          type: "note",
          text: `${begun} of ${draws.length} alternates begin as the true answer does and leave it at a random token`,
          reason: "asked for an answer of its own, the model gave the true one, none, or one too long",
        });
      }
      return {
        records: records.flatMap((record, i) =>
          (made.draws[i] ?? []).map(({ answer }, k) => ({ ...record, id: `${record.id}#${k + 1}`, alternate: answer })),
        ),
      };
    };
  },
});

/** @throws DataError when the record is no question, or the prompt leaves no room for an answer. */
function asked(
  record: SourceStart["forget"][number],
  { tokenizer, encoding }: SourceStart["session"],
  prompt: string,
): Question {
  if (record.kind !== "question-answer") {
    throw new DataError(
      `${describeRecord(record)} is not a question with an answer: there is nothing to answer otherwise`,
      {
        hint: "Give question/answer records, or leave the source out.",
        ...(record.place ? { place: record.place } : {}),
      },
    );
  }
  const filled = prompt.replace(/\{(question|answer)\}/g, (_, key: "question" | "answer") => record[key]);
  return { record, prompt: encodePrompt(tokenizer, { ...record, question: filled }, encoding) };
}
