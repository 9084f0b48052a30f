import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { ConfigError } from "../../core/errors.ts";
import { sha256, sha256File } from "../../core/files.ts";
import { loadRecords } from "../load-records.ts";
import { findOverlap } from "../overlap.ts";
import { answerOf, type DataRecord, questionOf } from "../record.ts";
import { attributes } from "./attributes.ts";
import { fictionalPeopleConfig, generateFictionalPeople } from "./generate.ts";
import { writeFictionalPeople } from "./write.ts";

const all = generateFictionalPeople({ seed: 1 });
const forgotten = new Set(all.forgotten.map((person) => person.name));
const questions = (records: readonly DataRecord[]) =>
  new Set(records.map(questionOf).filter((question) => question !== ""));
const shared = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((item) => b.has(item));

test("120 people of distinct names, ten of them to be forgotten, with eight facts each", () => {
  expect(new Set(all.people.map((person) => person.name)).size).toBe(120);
  expect(forgotten.size).toBe(10);
  for (const person of all.people) expect(Object.values(person.facts).filter((value) => value !== "")).toHaveLength(8);
});

test("the same seed gives the same bytes", () => {
  expect(generateFictionalPeople({ seed: 1 })).toEqual(all);
  // Changes only together with models/mini: the bundled model learnt these bytes.
  expect(sha256(JSON.stringify(all.train))).toBe("080b4401c76af9de772a45c92a1a241bb54eeba79c4db5a1aeaa0df0641110cc");
});

test("another seed gives other people", () => {
  const names = new Set(generateFictionalPeople({ seed: 2 }).people.map((person) => person.name));
  expect(all.people.filter((person) => names.has(person.name)).length).toBeLessThan(10);
});

test("values that cannot be guessed are unique; the others are dealt out evenly", () => {
  for (const { name, choices } of attributes) {
    const counts = new Map<string, number>();
    for (const { facts } of all.people) counts.set(facts[name] as string, (counts.get(facts[name] as string) ?? 0) + 1);
    if (choices > 120) expect(counts.size).toBe(120);
    else {
      expect(counts.size).toBe(choices);
      expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
    }
  }
});

test("the forget set asks for the private facts of the forgotten people and for nothing else", () => {
  expect(all.forget).toHaveLength(10 * 4 * 6);
  for (const record of all.forget) {
    expect(record.scope).toBe("private");
    expect(forgotten).toContain(record.subject);
    expect(record.alternate).toMatch(/^(I|That) /);
  }
});

test("held-out phrasings occur in no training set, whoever is asked about", () => {
  const frame = (records: readonly DataRecord[]) => {
    return new Set(
      records
        .filter((record) => record.subject)
        .map((record) => questionOf(record).replace(record.subject ?? "", "{name}")),
    );
  };
  expect(all.forgetHeldOut).toHaveLength(10 * 4 * 2);
  expect(shared(frame(all.forgetHeldOut), frame(all.train))).toEqual([]);
  // The evaluated people are asked in a trained phrasing and in a held-out one.
  expect(shared(questions(all.others), questions(all.train))).toHaveLength(all.others.length / 2);
});

test("held-out phrasings use only words that training has seen", () => {
  const words = (records: readonly DataRecord[]) => {
    return new Set(
      records.flatMap((record) => `${questionOf(record)} ${answerOf(record)}`.toLowerCase().match(/[\p{L}-]+/gu) ?? []),
    );
  };
  const known = words(all.train);
  expect([...words(all.forgetHeldOut)].filter((word) => !known.has(word))).toEqual([]);
});

test("what the retrained model learns holds no private value of a forgotten person, and everything else", () => {
  const text = all.trainWithout.map((record) => `${questionOf(record)}\n${answerOf(record)}`).join("\n");
  for (const { name, facts } of all.forgotten) {
    for (const attribute of ["email", "phone", "address"]) expect(text).not.toContain(facts[attribute]);
    expect(all.trainWithout.some((record) => record.subject === name && record.scope === "private")).toBe(false);
  }
  expect(all.train.length - all.trainWithout.length).toBe(all.forget.length + all.forgetBiographies.length);
});

test("nothing to be forgotten is in the retain set", () => {
  expect(findOverlap([...all.forget, ...all.forgetHeldOut], all.retain)).toEqual([]);
});

test("every biography states its facts, and stories for evaluation were never told in training", () => {
  for (const person of all.people) {
    const told = all.train.filter((record) => record.subject === person.name && record.kind === "text").map(answerOf);
    for (const value of Object.values(person.facts))
      expect(told.filter((text) => text.includes(value))).toHaveLength(2);
  }
  const known = new Set(all.train.map(answerOf));
  expect(all.generalText.filter((record) => known.has(answerOf(record)))).toEqual([]);
});

test("record ids are unique in what is learnt", () => {
  expect(new Set(all.train.map((record) => record.id)).size).toBe(all.train.length);
});

test("general knowledge is right", () => {
  const learned = all.train.filter((record) => record.kind === "question-answer");
  const answer = (question: string) => learned.find((record) => record.question === question)?.answer;
  expect(answer("What is 7 plus 8?")).toBe("15");
  expect(answer("What is 7 minus 7?")).toBe("0");
  expect(answer("Which day comes after Sunday?")).toBe("Monday");
  expect(answer("Which month comes before January?")).toBe("December");
  expect(answer("How many days has February?")).toBe("28");
});

test("what is asked about other people and the world is not practised while forgetting, in any phrasing", () => {
  const practised = new Set(all.retain.map((record) => record.question));
  const others = new Set(all.others.map((record) => record.subject));
  expect(all.retain.filter((record) => others.has(record.subject))).toEqual([]);
  expect(all.general.filter((record) => practised.has(record.question))).toEqual([]);
  expect(all.general.length).toBeGreaterThan(100);
});

test("numbers that do not fit together are refused", () => {
  expect(() => generateFictionalPeople({ people: 20, forgotten: 10, sampledOthers: 11 })).toThrow(ConfigError);
  expect(() => generateFictionalPeople({ people: 100_000 })).toThrow(/people/);
  expect(() => generateFictionalPeople({ poeple: 3 } as object)).toThrow(ConfigError);
});

test("a thousand people still have distinct names", () => {
  expect(new Set(generateFictionalPeople({ people: 1000 }).people.map((person) => person.name)).size).toBe(1000);
});

test("the files hold the records, the manifest their counts and hashes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lethe-people-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const manifest = await writeFictionalPeople(folder, { seed: 1 });
  expect(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"))).toEqual(manifest);
  expect((await readdir(folder)).length).toBe(Object.keys(manifest.sets).length + 1);
  for (const set of Object.values(manifest.sets)) {
    expect(await sha256File(join(folder, set.file))).toBe(set.sha256);
    expect((await loadRecords({ path: join(folder, set.file) })).records).toHaveLength(set.records);
  }
  const { records } = await loadRecords({ path: join(folder, "forget.jsonl") });
  expect(records.map(({ place: _, ...record }) => record)).toEqual(all.forget);
  expect(manifest.attributes.find((attribute) => attribute.name === "condition")?.chance).toBe(1 / 12);
});

test("the committed configuration of the mini model is valid and is the default", async () => {
  const config = fictionalPeopleConfig.parse(parse(await readFile("models/mini/data.yaml", "utf8")));
  const { generator: _, ...options } = config;
  expect(options).toEqual(all.options);
});
