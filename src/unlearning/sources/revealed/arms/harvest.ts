// Harvest, then ask: names that samples disclose become topics, and the questions that the model puts to itself become templates with the name cut out
// (small-scale.md §5: a model asked without names tells little, one asked with the names from its own samples nearly as much as with the true ones).
// A rule for texts in scripts that write names with capitals; knows nothing of models.

import { answerOf, type DataRecord } from "../../../../data/record.ts";

export interface Harvested {
  /** Most often seen first. */
  readonly topics: readonly string[];
  /** Questions with {topic} for the name; those that were answered with what is looked for come first. */
  readonly questions: readonly string[];
}

export interface Harvest {
  add(record: DataRecord, relevance: number): void;
  found(limits: { readonly topics: number; readonly questions: number }): Harvested;
}

/** A name or question form counts once it was met in so many texts: what a model says once it may have made up. */
const leastTexts = 2;

export function createHarvest(): Harvest {
  const names = new Map<string, number>();
  const forms = new Map<string, { readonly names: Set<string>; relevance: number }>();
  return {
    add(record, relevance) {
      const question = record.kind === "question-answer" ? record.question : undefined;
      for (const name of namesIn(question ?? answerOf(record))) {
        names.set(name, (names.get(name) ?? 0) + 1);
        const form = question?.replaceAll(name, "{topic}");
        if (form === undefined) continue;
        const known = forms.get(form) ?? { names: new Set(), relevance: 0 };
        known.names.add(name);
        known.relevance += relevance;
        forms.set(form, known);
      }
    },
    found(limits) {
      const topics = [...names].filter(([, texts]) => texts >= leastTexts).sort(([, a], [, b]) => b - a);
      const questions = [...forms]
        .filter(([, { names: of, relevance }]) => of.size >= leastTexts && relevance > 0)
        .sort(([, a], [, b]) => b.relevance - a.relevance);
      return {
        topics: topics.slice(0, limits.topics).map(([name]) => name),
        questions: questions.slice(0, limits.questions).map(([form]) => form),
      };
    },
  };
}

/** Words that stand before a name with a capital because a sentence begins with them. */
const openers = new Set(
  "a an and are at but by can could did do does for from had has have her his how in is it of on or she he the their they this to was were what when where which who whose why will with would".split(
    " ",
  ),
);

/** Two or three capitalised words in a row, each text's distinct ones. */
export function namesIn(text: string): Set<string> {
  const names = new Set<string>();
  for (const [run] of text.matchAll(/\p{Lu}[\p{L}'’.-]*(?: \p{Lu}[\p{L}'’.-]*)+/gu)) {
    const words = run.split(" ").map((word) => word.replace(/['’]s$|[.'’-]+$/u, ""));
    while (words.length > 0 && openers.has((words[0] as string).toLowerCase())) words.shift();
    if (words.length >= 2 && words.length <= 3 && words.every((word) => word.length > 1)) names.add(words.join(" "));
  }
  return names;
}
