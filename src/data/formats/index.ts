// The table of file formats, in the order in which they are tried. A new format is a new file and its line here.

import { createRegistry } from "../../core/registry.ts";
import { chatJsonl } from "./chat-jsonl.ts";
import { choices } from "./choices.ts";
import { conll } from "./conll.ts";
import { continuation } from "./continuation.ts";
import { fictionalPeople } from "./fictional-people.ts";
import type { RecordFormat } from "./format.ts";
import { hatecheck } from "./hatecheck.ts";
import { humaneval } from "./humaneval.ts";
import { knowundo } from "./knowundo.ts";
import { mbpp } from "./mbpp.ts";
import { qaJsonl } from "./qa-jsonl.ts";
import { text } from "./text.ts";
import { textJsonl } from "./text-jsonl.ts";
import { textList } from "./text-list.ts";

const all: readonly RecordFormat[] = [
  qaJsonl,
  choices,
  continuation,
  mbpp,
  humaneval,
  hatecheck,
  conll,
  knowundo,
  chatJsonl,
  textJsonl,
  textList,
  fictionalPeople,
  text,
];

export const formats = createRegistry<RecordFormat>(
  "data format",
  Object.fromEntries(all.map((format) => [format.name, { value: format }])),
);
