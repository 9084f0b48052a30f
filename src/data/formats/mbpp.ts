// MBPP (Austin et al. 2021, arXiv 2108.07732): small Python tasks, one JSON object {"task_id", "text", "code", "test_list"} per line. As usual when models are asked, the first
// test follows the description, since nothing else says what the function is called. Splits by number, as published: prompt 1–10, test 11–510, validation 511–600, train from 601.

import { DataError } from "../../core/errors.ts";
import type { RecordFormat } from "./format.ts";
import { describe, readObjects, textField, textList } from "./json-objects.ts";

const expected = 'expected {"task_id": 1, "text": "…", "code": "…", "test_list": ["assert …"]} on each line';

const splits: Readonly<Record<string, readonly [first: number, last: number]>> = {
  prompt: [1, 10],
  test: [11, 510],
  validation: [511, 600],
  train: [601, Number.POSITIVE_INFINITY],
};

export const mbpp: RecordFormat = {
  name: "mbpp",
  splits: true,
  expected,
  recognise: ({ keys }) =>
    keys.has("task_id") && keys.has("test_list") ? 'the first object has "task_id" and "test_list"' : undefined,
  async *read(file, { split }) {
    const range = split === undefined ? undefined : Object.hasOwn(splits, split) ? splits[split] : undefined;
    if (split !== undefined && !range) {
      throw new DataError(`no split "${split}" of MBPP`, {
        hint: `It has: ${Object.keys(splits).join(", ")}.`,
        place: { file: file.path },
      });
    }
    for await (const { value, place } of readObjects(file, expected)) {
      const id = value.task_id;
      if (typeof id !== "number" || !Number.isSafeInteger(id)) {
        throw new DataError(`"task_id" must be a whole number, got ${describe(id)}; ${expected}`, {
          place: { ...place, key: "task_id" },
        });
      }
      if (range && (id < range[0] || id > range[1])) continue;
      const tests = textList(value, "test_list", place, expected) ?? [];
      if (tests.length === 0) {
        throw new DataError(`"test_list" holds no test; ${expected}`, { place: { ...place, key: "test_list" } });
      }
      const setup = typeof value.test_setup_code === "string" ? value.test_setup_code : "";
      yield {
        kind: "question-answer",
        id: `mbpp/${id}`,
        question: `${textField(value, "text", place, expected)}\n${tests[0]}`,
        answer: lines(textField(value, "code", place, expected)),
        program: { before: "", after: lines(["", setup, ...tests, ""].join("\n")) },
        place,
      };
    }
  },
};

/** The published file has carriage returns. */
const lines = (code: string) => code.replaceAll("\r\n", "\n");
