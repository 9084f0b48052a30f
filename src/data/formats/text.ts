// Plain text: documents parted by blank lines, or one document per file. A file in which lines <|endoftext|> part the documents, as GPT-2's and TinyStories' do, has blank lines
// within them. Always readable, so it is tried last.

import type { DataRecord } from "../record.ts";
import type { RecordFormat } from "./format.ts";

const endOfText = /^<\|endoftext\|>$/m;

export const text: RecordFormat = {
  name: "text",
  expected: "expected plain text, documents parted by blank lines",
  recognise: ({ path, json }) => {
    if (/\.(txt|md)$/i.test(path)) return "the name ends in .txt or .md";
    return json || /\.jsonl?$/i.test(path) ? undefined : "it does not begin with { or [";
  },
  async *read(file, { name, documents = "blank-line" }) {
    let lines: string[] = [];
    let begin = 1;
    let number = 0;
    const document = (): DataRecord => ({
      kind: "text",
      id: `${name}#${++number}`,
      text: lines.join("\n").trim(),
      place: { file: file.path, line: begin },
    });
    const marked = endOfText.test(await file.head());
    for await (const line of file.lines()) {
      const blank = line.text.trim() === "";
      const border = marked ? endOfText.test(line.text) : blank;
      if (border && documents === "blank-line") {
        if (lines.length > 0) yield document();
        lines = [];
      } else if (!blank || lines.length > 0) {
        if (lines.length === 0) begin = line.number;
        lines.push(line.text);
      }
    }
    if (lines.length > 0) yield document();
  },
};
