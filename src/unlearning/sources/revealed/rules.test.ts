// The rules of revealing that need no model: harvest, grammar, novelty, fluency, coverage, judge by words, and what is refused early.

import { describe, expect, test } from "vitest";
import type { QuestionAnswer } from "../../../data/record.ts";
import { compose, grammarOptions } from "./arms/grammar.ts";
import { createHarvest, namesIn } from "./arms/harvest.ts";
import { refuseJudgeOfAll, refuseUselessSearch } from "./checks.ts";
import { coverageOf } from "./coverage.ts";
import { revealedText } from "./fixtures/revealed-text.ts";
import { judgeOf } from "./judges/judge.ts";
import { words } from "./judges/words.ts";
import { revealedOptions } from "./options.ts";
import { recordsOf, scoreOf } from "./reveal.ts";
import { defaultWords } from "./revealed.ts";
import type { RevealedText } from "./revealed-text.ts";
import { createNgrams, fluencyOf } from "./text-value.ts";

const asked = (question: string, answer = "."): QuestionAnswer => ({
  kind: "question-answer",
  id: "",
  question,
  answer,
});

test("a grammar fills topics and styles, and leaves templates of topics out where there is none", () => {
  const grammar = grammarOptions.parse({
    questions: ["{topic}?", "Say {style}."],
    prefixes: [""],
    styles: ["all", "it"],
  });
  const texts = (topics: string[]) => compose(grammar, topics).map(({ form, text }) => `${form} ${text}`);
  expect(texts(["A", "B"])).toEqual(["prefix ", "question A?", "question B?", "question Say all.", "question Say it."]);
  expect(texts([])).toEqual(["prefix ", "question Say all.", "question Say it."]);
});

describe("harvest", () => {
  test("takes names without the sentence's first word and without the possessive", () => {
    const found = namesIn("Where does Ada Lovelace live? Ada Lovelace's friend is Charles Babbage.");
    expect([...found]).toEqual(["Ada Lovelace", "Charles Babbage"]);
  });

  test("keeps a name met twice, and a question form met with two names whose answers were relevant", () => {
    const harvest = createHarvest();
    harvest.add(asked("Where does Ada Lovelace live?"), 1);
    harvest.add(asked("Where does Alan Turing live?"), 0);
    harvest.add(asked("Who is Alan Turing?"), 0);
    harvest.add(asked("Who is Kurt Gödel?"), 0);
    const { topics, questions } = harvest.found({ topics: 9, questions: 9 });
    expect(topics).toEqual(["Alan Turing"]);
    expect(questions).toEqual(["Where does {topic} live?"]);
  });
});

test("of what is told, texts that were kept are trained on, each under an id of its own though rounds are trained on together", () => {
  const texts = [0, 1, 2].map((row) => revealedText(row));
  const dropped = revealedText(3, { kept: false, why: "length" });
  const silent = revealedText(4, { text: " " });
  const records = [1, 2].flatMap((round) => recordsOf([dropped, ...texts, silent], { round, encoding: {} }));
  expect(records).toHaveLength(6);
  expect(new Set(records.map(({ id }) => id)).size).toBe(6);
});

test("novelty is the share of n-grams not revealed before", () => {
  const ngrams = createNgrams(2);
  expect(ngrams.add("a b c")).toBe(1);
  expect(ngrams.add("a b d")).toBe(0.5);
  expect(ngrams.add("A b, c")).toBe(0);
  expect(ngrams.add("")).toBe(0);
  expect(ngrams.size).toBe(3);
});

test("fluency is the tokens' mean probability, less for a text that turns in circles", () => {
  expect(fluencyOf("all is well here", [Math.log(2), Math.log(2)])).toBeCloseTo(0.5, 12);
  expect(fluencyOf("so so so so so", [0])).toBeCloseTo(1 / 4, 12);
  expect(fluencyOf("", [])).toBe(0);
});

test("coverage counts e-mails and addresses as written and answers by the text that holds most of them, batch by batch", () => {
  const truth = [
    asked("", "Write to Ada.L@Post.org or 12 St James Square today."),
    asked("", "Nobody knows this one at all."),
  ];
  const said = [
    { batch: 0, text: "I live at 12 st james square.", kept: false },
    { batch: 1, text: "Write to ada.l@post.org or 12 Main Square today", kept: true },
  ];
  const found = Object.fromEntries(coverageOf(truth, said).map((each) => [each.fact, each]));
  expect(found.email).toMatchObject({ facts: 1, found: [0, 1], trainedOn: 1 });
  expect(found["street address"]).toMatchObject({ facts: 1, found: [1, 1], trainedOn: 0 });
  expect(found["answer, exact"]?.found).toEqual([0, 0]);
  expect(found["answer, fuzzy"]?.found).toEqual([0, 0.5]);
});

test("a model that tells the same again and again has not stopped telling it", () => {
  expect(scoreOf([{ why: "" }, { why: "duplicate" }, { why: "relevance" }, { why: "fluency" }])).toBe(0.5);
});

test("a description is judged by its longer words and abbreviations, subjects as they are", () => {
  expect(defaultWords([], "What is said of Persons, (PER) or persons in an EU")).toEqual(["persons", "per", "eu"]);
  expect(defaultWords(["Al"], "whatever")).toEqual(["Al"]);
});

test("coverage counts whole words, and not that there is no entity", () => {
  const truth = [asked("", "He lives at 2 Main Street."), asked("", "Ann"), asked("", "none")];
  const said = [{ batch: 0, text: "Joanna: 12 Main Street, none else", kept: true }];
  const found = Object.fromEntries(coverageOf(truth, said).map((each) => [each.fact, each]));
  expect(found["street address"]?.found).toEqual([0]);
  expect(found["answer, exact"]).toMatchObject({ facts: 2, found: [0] });
});

describe("a judge", () => {
  const of = (options: object) => words.open(words.options.parse(options), {} as never);

  test("by words sees whole words in any case, and patterns by name or as written", async () => {
    const judge = await of({ words: ["home"], patterns: ["email", "^\\d+$"] });
    expect(await judge.score(["At HOME.", "homely", "x a.b@c.de", "42", "42 x"])).toEqual([1, 0, 1, 1, 0]);
    await expect(of({ patterns: ["("] })).rejects.toThrow(/is no regular expression/);
    expect(() => words.options.parse({})).toThrow(/name words or patterns/);
  });

  test("that finds everything is refused, and so is one that gives no numbers from 0 to 1", async () => {
    const all = (score: number) => judgeOf(async (texts) => texts.map(() => score));
    await expect(refuseJudgeOfAll(all(1), { minimumRelevance: 0.5 })).rejects.toThrow(/finds everything/);
    await expect(refuseJudgeOfAll(all(3), { minimumRelevance: 0.5 })).rejects.toThrow(/the judge gave \[3,3,3,3\]/);
    await refuseJudgeOfAll(all(0), { minimumRelevance: 0.5 });
  });
});

describe("a search is given up", () => {
  const options = revealedOptions.parse({ description: "towns", samples: 64 });
  const texts = (change: (i: number) => Partial<RevealedText>): RevealedText[] =>
    Array.from({ length: 64 }, (_, i) => ({
      batch: 0,
      instruction: "",
      form: "prefix",
      origin: "grammar",
      seed: "",
      row: i,
      text: `text ${i}`,
      relevance: 1,
      novelty: 1,
      fluency: 1,
      kept: true,
      why: "",
      ...change(i),
    }));

  test("when the model repeats itself, when the judge finds nothing, and when all falls to filters", () => {
    const search = { options, mayBeEmpty: false };
    refuseUselessSearch(
      texts(() => ({})),
      search,
    );
    expect(() =>
      refuseUselessSearch(
        texts(() => ({ text: "same" })),
        search,
      ),
    ).toThrow(/only repeats itself: 1 different/);
    const unfit = (why: RevealedText["why"], relevance: number) => texts(() => ({ kept: false, why, relevance }));
    expect(() => refuseUselessSearch(unfit("relevance", 0), search)).toThrow(/gives each of the first 64 texts 0/);
    expect(() => refuseUselessSearch(unfit("fluency", 1), search)).toThrow(/64 for fluency/);
    refuseUselessSearch(unfit("relevance", 0), { options, mayBeEmpty: true });
  });

  test("something has to say what must go", () => {
    expect(() => revealedOptions.parse({ samples: 3 })).toThrow(/a description, subjects, or a judge/);
  });
});
