// HumanEval (Chen et al. 2021, arXiv 2107.03374): Python functions to complete, one JSON object {"task_id", "prompt", "canonical_solution", "test", "entry_point"} per line.
// Prompt and completion are one text: ask with an empty separator.

import type { RecordFormat } from "./format.ts";
import { readObjects, textField } from "./json-objects.ts";

const expected =
  'expected {"task_id": "…", "prompt": "…", "canonical_solution": "…", "test": "…", "entry_point": "…"} on each line';

export const humaneval: RecordFormat = {
  name: "humaneval",
  expected,
  recognise: ({ keys }) =>
    keys.has("prompt") && keys.has("canonical_solution")
      ? 'the first object has "prompt" and "canonical_solution"'
      : undefined,
  async *read(file) {
    for await (const { value, place } of readObjects(file, expected)) {
      const field = (key: string) => textField(value, key, place, expected);
      const question = field("prompt");
      yield {
        kind: "question-answer",
        id: field("task_id"),
        question,
        answer: field("canonical_solution"),
        program: { before: question, after: `\n${field("test")}\ncheck(${field("entry_point")})\n` },
        place,
      };
    }
  },
};
