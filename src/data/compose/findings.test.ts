// What should not be in a set is found, and what may be is not.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../core/config.ts";
import { compose } from "./compose.ts";
import { composeConfig } from "./config.ts";
import { ngramsOf, overlaps, wordsOf } from "./ngrams.ts";

const found = async (subjects: string, ...overrides: string[]) => {
  const config = parseConfig(composeConfig, {
    text: subjects,
    file: "s.yaml",
    overrides: ["output=none", ...overrides],
  });
  const composition = await compose(config);
  return {
    ...composition,
    found: composition.findings.map(({ kind, first, second }) => [kind, first.fact, second.fact]),
  };
};
const ann = (forget: string, keep: string, more = "") =>
  `subjects:\n  - { name: Ann Lee, forget: ${forget}, keep: ${keep} }\n${more}`;

describe("a forgotten answer", () => {
  test("inside a kept answer is found whatever its case and punctuation", async () => {
    const { found: pairs, findings } = await found(
      ann("{ email: a.lee@b.example }", "{ note: 'write to A.LEE@b.example!' }"),
    );
    expect(pairs).toEqual([["forgotten-answer", "ann-lee/email", "ann-lee/note"]]);
    expect(findings[0]).toMatchObject({ text: "a.lee@b.example", second: { source: "s.yaml:2" }, more: 3 });
  });

  test("inside a kept question, another wording, another subject's answer or a kept document is found", async () => {
    const bo = `
  - name: Bo
    keep:
      door: { value: blue, questions: ["Bo lives near 4 Elm Row: which door?", "Bo's door?"] }
      path: { value: paved, answers: ["It is paved.", "From 4 Elm Row on, paved."] }
      view: onto 4 Elm Row
    documents: [{ scope: keep, continue: false, text: "Bo passed 4 Elm Row." }]
`;
    const { found: pairs } = await found(ann("{ address: 4 Elm Row }", "{ genre: prose }", bo));
    expect(pairs).toEqual(
      ["bo/door", "bo/path", "bo/view", "bo/document/1"].map((id) => ["forgotten-answer", "ann-lee/address", id]),
    );
  });

  test("is found without its article", async () => {
    const { found: pairs } = await found(ann("{ prize: the Wren Prize }", "{ note: has a Wren Prize }"));
    expect(pairs).toEqual([["forgotten-answer", "ann-lee/prize", "ann-lee/note"]]);
  });

  test("is no part of another word or number", async () => {
    expect((await found(ann("{ address: 4 Elm Row }", "{ note: '14 Elm Row, or 4 Elm Rowan' }"))).found).toEqual([]);
  });

  test("does not reach across the end of a question, an answer or a wording", async () => {
    const split = `{ door: { value: Elm Row, questions: ["Where does Ann Lee go, past number 4?", "Ann Lee: 4"], answers: ["Elm Row, Ann Lee says: 4", "Elm Row"] } }`;
    expect((await found(ann("{ address: 4 Elm Row }", split))).found).toEqual([]);
  });

  test("that is another subject's own is no leak: two people may have one illness", async () => {
    const bo = "  - { name: Bo, keep: { condition: Asthma } }\n";
    expect((await found(ann("{ condition: asthma }", "{ genre: prose }", bo))).found).toEqual([]);
    const same = await found(ann("{ former_name: Aoife Quill }", "{ pen_name: Aoife Quill }"));
    expect(same.found[0]).toEqual(["forgotten-answer", "ann-lee/former-name", "ann-lee/pen-name"]);
    const told = "  - { name: Bo, keep: { condition: the asthma of Ann Lee } }\n";
    expect((await found(ann("{ condition: asthma }", "{ genre: prose }", told))).found).toHaveLength(1);
  });

  test("of too few characters, or of a fact to ignore, is not searched for, and said", async () => {
    const short = ann("{ shoe: '42' }", "{ note: 42 books }");
    expect(await found(short)).toMatchObject({ found: [], unsearched: ["ann-lee/shoe"] });
    expect((await found(short, "checks.shortest=2")).found).toHaveLength(1);
    const named = ann("{ email: ann@b.example }", "{ note: ann@b.example }");
    expect(await found(named, "checks.ignore=[ann-lee/email]")).toMatchObject({
      found: [],
      unsearched: ["ann-lee/email"],
    });
  });
});

test("a question that is both to be forgotten and kept is found once for the two facts", async () => {
  const { findings } = await found(ann("{ award: Wren }", "{ award: Laurel }"));
  expect(findings[0]).toMatchObject({
    kind: "same-question",
    first: { fact: "ann-lee/award" },
    second: { fact: "ann-lee/award/kept" },
    more: 3,
  });
});

test("near-duplicates are found from the given share of common n-grams on", async () => {
  const long = "a house with a blue door and two tall elms on the";
  const both = ann(`{ home: ${long} hill }`, `{ house: ${long} shore }`);
  const { findings } = await found(both);
  expect(findings).toMatchObject([{ kind: "near-duplicate", first: { fact: "ann-lee/home" } }]);
  const overlap = findings[0]?.overlap as number;
  expect((await found(both, `checks.overlap=${overlap + 0.01}`)).found).toEqual([]);
});

test("one question with two answers is found, and with one answer is left out", async () => {
  const { found: pairs } = await found(ann("{ award: [Wren, Laurel] }", "{ genre: prose }"));
  expect(pairs).toEqual([["two-answers", "ann-lee/award/1", "ann-lee/award/2"]]);
  const twice = await found(ann("{ award: [Wren, wren.] }", "{ genre: prose }"));
  expect(twice.found).toEqual([]);
  expect(twice.repeated.map(({ id, of }) => [id, of])[0]).toEqual(["ann-lee/award/2#1", "ann-lee/award/1#1"]);
});

test("a held-out question that another fact is trained on is found", async () => {
  const asked = (value: string, ...questions: string[]) => `{ value: ${value}, questions: [${questions.join(", ")}] }`;
  const { found: pairs } = await found(
    ann(
      `{ x: [${asked("one", "Ann Lee a", "Ann Lee b")}, ${asked("two", "Ann Lee b", "Ann Lee c")}] }`,
      "{ genre: prose }",
    ),
  );
  expect(pairs).toEqual([["trained-question", "ann-lee/x/1", "ann-lee/x/2"]]);
});

test("words part at marks, and where a script puts no spaces at every character", () => {
  expect(wordsOf("Ann's e-mail: A.Lee@b.de, №4")).toEqual(["ann", "s", "e", "mail", "a", "lee", "b", "de", "no4"]);
  expect(wordsOf("東京 tower")).toEqual(["東", "京", "tower"]);
});

test("overlap is Jaccard's, of every pair that shares an n-gram", () => {
  const sets = (...texts: string[]) => texts.map((text) => ngramsOf(text, 2));
  expect([...overlaps(sets("a b c d", "x"), sets("b c d e", "q r", "x"))]).toEqual([
    { a: 0, b: 0, overlap: 2 / 4 },
    { a: 1, b: 2, overlap: 1 },
  ]);
});

test("pairs above a threshold are those of all pairs that are above it", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 8 });
  const list = fc.array(text, { maxLength: 8 });
  fc.assert(
    fc.property(list, list, fc.double({ min: 0.05, max: 1, noNaN: true }), (first, second, least) => {
      const sets = (texts: string[][]) => texts.map((words) => ngramsOf(words.join(" "), 2));
      const all = [...overlaps(sets(first), sets(second))].filter(({ overlap }) => overlap >= least);
      expect([...overlaps(sets(first), sets(second), least)]).toEqual(all);
    }),
    { numRuns: 300 },
  );
});
