// What of a composed set should not be: duplicates, and what leaks from the side that must go to the side that must stay. Knows nothing of files.

import { normalise } from "../overlap.ts";
import type { ComposeConfig } from "./config.ts";
import { type Fact, placeText, type SourceText } from "./fact.ts";
import { ngramsOf, overlaps, wordsOf } from "./ngrams.ts";
import type { ComposedRecord } from "./records.ts";

export const findingKinds = {
  "same-question": "a question is both to be forgotten and kept",
  "forgotten-answer": "a kept record holds a forgotten answer",
  "near-duplicate": "a forgotten and a kept record have most words in common",
  "trained-question": "a held-out question is in a train file, too",
  "two-answers": "one question has two answers",
} as const;

export type FindingKind = keyof typeof findingKinds;

/** What a finding is about: a record, or a document. */
export interface Subject {
  /** Id of the record or document. */
  readonly id: string;
  /** Id of the fact. */
  readonly fact: string;
  readonly source: string;
}

export interface Finding {
  readonly kind: FindingKind;
  /** The side to be forgotten; of two records of one side, the one that came first. */
  readonly first: Subject;
  readonly second: Subject;
  /** What they share. */
  readonly text: string;
  /** Share of common n-grams, for near-duplicates. */
  readonly overlap?: number;
  /** Further pairs of records that test the same two facts. */
  readonly more: number;
}

export interface Checked {
  /** Without the second of two records with the same question and answer on one side. */
  readonly records: readonly ComposedRecord[];
  /** Ids of those left out, each with the one that it repeats. */
  readonly repeated: readonly { readonly id: string; readonly of: string }[];
  readonly findings: readonly Finding[];
  /** Facts whose answers are too short to be searched for. */
  readonly unsearched: readonly string[];
}

/** Looks at every pair that matters. Questions are the same up to case, spacing, Unicode form and closing punctuation. */
export function checkRecords(
  all: readonly ComposedRecord[],
  { facts, documents }: { readonly facts: readonly Fact[]; readonly documents: readonly SourceText[] },
  options: ComposeConfig["checks"],
): Checked {
  const { records, repeated } = dropRepeated(all);
  const forgotten = facts.filter(({ scope }) => scope === "unlearn");
  const searched = forgotten.filter(
    ({ id, value }) => [...wordsOf(bare(value)).join(" ")].length >= options.shortest && !options.ignore.includes(id),
  );
  const pairs = [
    ...sameQuestions(records),
    ...forgottenAnswers(searched, records, documents, new Map(facts.map((fact) => [fact.id, fact]))),
    ...nearDuplicates(records, options),
  ];
  return {
    records,
    repeated,
    findings: merge(pairs),
    unsearched: forgotten.filter((fact) => !searched.includes(fact)).map(({ id }) => id),
  };
}

type Found = Omit<Finding, "more">;

const subjectOf = ({ id, fact, source }: ComposedRecord): Subject => ({ id, fact, source });

function dropRepeated(all: readonly ComposedRecord[]) {
  const first = new Map<string, string>();
  const repeated: { id: string; of: string }[] = [];
  const records = all.filter((record) => {
    const key = JSON.stringify([record.scope, normalise(record.question), normalise(record.answer)]);
    const of = first.get(key);
    if (of === undefined) first.set(key, record.id);
    else repeated.push({ id: record.id, of });
    return of === undefined;
  });
  return { records, repeated };
}

function* sameQuestions(records: readonly ComposedRecord[]): Generator<Found> {
  const asked = new Map<string, ComposedRecord[]>();
  for (const record of records) {
    const key = normalise(record.question);
    const earlier = asked.get(key) ?? [];
    for (const other of earlier) {
      const found = (kind: FindingKind): Found => {
        const [first, second] =
          record.scope === "unlearn" && other.scope !== "unlearn" ? [record, other] : [other, record];
        return { kind, first: subjectOf(first), second: subjectOf(second), text: record.question };
      };
      if (other.scope !== record.scope) yield found("same-question");
      else yield found((other.set === "train") === (record.set === "train") ? "two-answers" : "trained-question");
    }
    asked.set(key, [...earlier, record]);
  }
}

/** Answers word for word, punctuation and a leading article aside. That two subjects have the same value, such as an illness, is no leak. */
function* forgottenAnswers(
  forgotten: readonly Fact[],
  records: readonly ComposedRecord[],
  documents: readonly SourceText[],
  facts: ReadonlyMap<string, Fact>,
): Generator<Found> {
  const spaced = (text: string) => ` ${wordsOf(text).join(" ")} `;
  const kept = [
    ...records
      .filter(({ scope }) => scope === "retention")
      .map((record) => ({
        about: subjectOf(record),
        // No mark but this one stands in the words: an answer is not found across the end of one text and the beginning of the next.
        text: [record.question, record.answer, ...record.paraphrased].map(spaced).join("|"),
        own: facts.get(record.fact),
      })),
    ...documents
      .filter(({ scope }) => scope === "retention")
      .map(({ id, text, place }) => ({
        about: { id, fact: id, source: placeText(place) },
        text: spaced(text),
        own: undefined,
      })),
  ];
  const holders = new Map<string, typeof kept>();
  for (const each of kept) {
    for (const word of new Set(wordsOf(each.text))) {
      const list = holders.get(word);
      if (list) list.push(each);
      else holders.set(word, [each]);
    }
  }
  for (const fact of forgotten) {
    const value = spaced(bare(fact.value));
    // A text that holds the answer is among those that hold its rarest word.
    const lists = wordsOf(bare(fact.value)).map((word) => holders.get(word) ?? []);
    const candidates = lists.reduce((least, list) => (list.length < least.length ? list : least));
    const first = { id: fact.id, fact: fact.id, source: placeText(fact.place) };
    for (const { about, text, own } of candidates) {
      const shared = own !== undefined && own.subject !== fact.subject && spaced(bare(own.value)) === value;
      if (!shared && text.includes(value)) yield { kind: "forgotten-answer", first, second: about, text: fact.value };
    }
  }
}

/** "the Wren Prize" is found in "a Wren Prize", too. */
const bare = (value: string) => value.replace(/^\s*(?:the|an?)\s+(?=\S)/i, "");

function* nearDuplicates(records: readonly ComposedRecord[], options: ComposeConfig["checks"]): Generator<Found> {
  const [forgotten, kept] = (["unlearn", "retention"] as const).map((side) =>
    records.filter(({ scope }) => scope === side),
  ) as [ComposedRecord[], ComposedRecord[]];
  const ngrams = (list: readonly ComposedRecord[]) =>
    list.map(({ question, answer }) => ngramsOf(`${question} ${answer}`, options.ngram));
  for (const { a, b, overlap } of overlaps(ngrams(forgotten), ngrams(kept), options.overlap)) {
    const [first, second] = [forgotten[a] as ComposedRecord, kept[b] as ComposedRecord];
    yield {
      kind: "near-duplicate",
      first: subjectOf(first),
      second: subjectOf(second),
      text: second.question,
      overlap,
    };
  }
}

/** One finding for all records of the same two facts: the one with most in common. In the order of the kinds. */
function merge(found: readonly Found[]): Finding[] {
  const byFacts = new Map<string, Finding>();
  for (const each of found) {
    const key = JSON.stringify([each.kind, each.first.fact, each.second.fact]);
    const earlier = byFacts.get(key);
    const better = earlier && (earlier.overlap ?? 0) >= (each.overlap ?? 0) ? earlier : each;
    byFacts.set(key, { ...better, more: earlier ? earlier.more + 1 : 0 });
  }
  const order = Object.keys(findingKinds);
  return [...byFacts.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}
