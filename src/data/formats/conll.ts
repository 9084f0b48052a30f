// Sentences with their named entities in CoNLL columns (CoNLL-2003, Wikigold, WNUT-17): a token and, last, its tag on each line, sentences parted by blank lines.
// A record asks for the entities of one type in one sentence; its answer lists them in order, or says that there are none. Splits: the types.

import { DataError } from "../../core/errors.ts";
import { askForEntities, ENTITY_SEPARATOR, NO_ENTITY } from "../entities.ts";
import type { SourceFile } from "../source-file.ts";
import type { RecordFormat } from "./format.ts";

const expected = "expected a token and its tag (O, B-PER, I-PER …) on each line, blank lines between sentences";

export const conll: RecordFormat = {
  name: "conll",
  splits: true,
  expected,
  recognise: ({ path }) =>
    /\.(conll|iob2?|bio)(\.txt)?$/i.test(path) ? "the name says that it holds CoNLL columns" : undefined,
  async *read(file, { name, split }) {
    const sentences: Sentence[] = [];
    for await (const sentence of sentencesOf(file)) sentences.push(sentence);
    const types = [...new Set(sentences.flatMap(({ entities }) => entities.map(({ type }) => type)))].sort();
    if (split !== undefined && !types.includes(split)) {
      throw new DataError(`no entity of type "${split}" in this file`, {
        hint: `The types are: ${types.join(", ")}.`,
        place: { file: file.path },
      });
    }
    for (const [i, { tokens, entities, line }] of sentences.entries()) {
      for (const type of split === undefined ? types : [split]) {
        const named = entities.filter((entity) => entity.type === type).map(({ text }) => text);
        yield {
          kind: "question-answer",
          id: `${name}#${i + 1}/${type}`,
          question: askForEntities(tokens.join(" "), type),
          answer: named.join(ENTITY_SEPARATOR) || NO_ENTITY,
          subject: `sentence ${i + 1}`,
          attribute: type,
          place: { file: file.path, line },
        };
      }
    }
  },
};

interface Sentence {
  readonly tokens: readonly string[];
  readonly entities: readonly { readonly type: string; readonly text: string }[];
  readonly line: number;
}

async function* sentencesOf(file: SourceFile): AsyncGenerator<Sentence> {
  let rows: { token: string; tag: string }[] = [];
  let begin = 1;
  const ended = () => ({ tokens: rows.map(({ token }) => token), entities: entitiesOf(rows), line: begin });
  for await (const { text, number } of file.lines()) {
    const columns = text.trim().split(/\s+/);
    const [token = "", tag] = [columns[0], columns.at(-1)];
    // Corpora of many documents mark where one begins.
    if (token === "" || token === "-DOCSTART-") {
      if (rows.length > 0) yield ended();
      rows = [];
      continue;
    }
    if (columns.length < 2 || tag === undefined || !/^(O|[BIESLU]-.+)$/.test(tag)) {
      throw new DataError(`"${text.trim().slice(0, 60)}" has no tag at its end; ${expected}`, {
        place: { file: file.path, line: number },
      });
    }
    if (rows.length === 0) begin = number;
    rows.push({ token, tag });
  }
  if (rows.length > 0) yield ended();
}

/** In IOB2 an entity begins with B-; files without B- (IO) join neighbours of one type. S-, U- stand alone and E-, L- end, as in IOBES and BILOU. */
function entitiesOf(rows: readonly { readonly token: string; readonly tag: string }[]) {
  const entities: { type: string; words: string[] }[] = [];
  let open: { type: string; words: string[] } | undefined;
  for (const { token, tag } of rows) {
    const [prefix, type] = [tag[0] as string, tag.slice(2)];
    if (tag === "O") open = undefined;
    else if (open?.type === type && !"BSU".includes(prefix)) open.words.push(token);
    else {
      open = { type, words: [token] };
      entities.push(open);
    }
    if ("ESLU".includes(prefix)) open = undefined;
  }
  return entities.map(({ type, words }) => ({ type, text: words.join(" ") }));
}
