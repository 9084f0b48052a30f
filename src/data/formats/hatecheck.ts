// HateCheck's cases (Röttger et al. 2021, arXiv 2012.15606), a CSV with a header: a short text and whether it is hateful. A record asks with the text and is answered with the label.
// The subject is the template that a case was made from, so that a split by subject keeps the cases of one template together. Splits: the labels.

import { CsvError, parse } from "csv-parse/sync";
import { DataError } from "../../core/errors.ts";
import type { RecordFormat } from "./format.ts";
import { optionalField, textField } from "./json-objects.ts";

const expected = "expected a CSV with the columns test_case and label_gold";

interface Row {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

export const hatecheck: RecordFormat = {
  name: "hatecheck",
  splits: true,
  expected,
  recognise: ({ path }) => (/\.csv$/i.test(path) ? "the name ends in .csv" : undefined),
  async *read(file, { name, split }) {
    const rows = rowsOf(await file.whole(), file.path);
    const labels = new Set<string>();
    let number = 0;
    let found = 0;
    for (const { record, info } of rows) {
      number++;
      const place = { file: file.path, line: info.lines };
      const answer = textField(record, "label_gold", place, expected);
      const question = textField(record, "test_case", place, expected).trim();
      labels.add(answer);
      if (split !== undefined && answer !== split) continue;
      found++;
      const template = optionalField(present(record), "templ_id", place, expected);
      const attribute = optionalField(present(record), "functionality", place, expected);
      yield {
        kind: "question-answer",
        id: `${name}#${number}`,
        question,
        answer,
        ...(template === undefined ? {} : { subject: `template ${template}` }),
        ...(attribute === undefined ? {} : { attribute }),
        place,
      };
    }
    if (split === undefined || found > 0 || number === 0) return;
    throw new DataError(`no case is labelled "${split}" in this file`, {
      hint: `The labels are: ${[...labels].join(", ")}.`,
      place: { file: file.path },
    });
  },
};

/** An empty cell is an absent field. */
const present = (record: Row["record"]) => Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== ""));

function rowsOf(text: string, path: string): readonly Row[] {
  try {
    return parse(text, { columns: true, info: true, skip_empty_lines: true }) as unknown as Row[];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new DataError(`not valid CSV: ${cause.message}`, { place: { file: path, line: Number(cause.lines) }, cause });
  }
}
