// Plain texts, one JSON object {"text"} per line. Optional id, subject, attribute, scope; other fields are ignored.

import type { RecordFormat } from "./format.ts";
import { idOf, labelFields, readObjects, textField } from "./json-objects.ts";

const expected = 'expected {"text": "…"} on each line';

export const textJsonl: RecordFormat = {
  name: "text-jsonl",
  expected,
  recognise: ({ keys }) =>
    keys.has("text") && !keys.has("labels") ? 'the first object has "text" and no "labels"' : undefined,
  async *read(file, { name }) {
    let number = 0;
    for await (const { value, place } of readObjects(file, expected)) {
      number++;
      yield {
        kind: "text",
        id: idOf(value, place, `${name}#${number}`),
        text: textField(value, "text", place, expected),
        ...labelFields(value, place, expected),
      };
    }
  },
};
