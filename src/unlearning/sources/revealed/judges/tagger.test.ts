// The judge by named entities: a tiny language model that is taught to name persons, and a token-classification model that is a fake of the optional package.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../../../../core/events.ts";
import { loadRecords } from "../../../../data/load-records.ts";
import { answerOf, questionOf } from "../../../../data/record.ts";
import { tinyLlama } from "../../../../models/fixtures/tiny-llama.ts";
import { createAnswerLikelihoods } from "../../../answer-likelihoods.ts";
import { choose } from "../../../choose.ts";
import { type TrainConfig, trainConfig } from "../../../config.ts";
import { context } from "../../../fixtures/taught-model.ts";
import { openSession } from "../../../session.ts";
import { teach } from "../../../teach.ts";
import { refuseJudgeOfAll } from "../checks.ts";
import { judges } from "./index.ts";
import { openTaggerJudge, soughtIn, tagger } from "./tagger.ts";

const mini = fileURLToPath(new URL("../../../../../models/mini/full", import.meta.url));
const start = { description: undefined, session: { encoding: {} } as never, report: silent };
const read = (options: object) => tagger.options.parse({ model: "org/ner", types: ["PER"], ...options });

describe("a text", () => {
  const sought = (text: string, separator = "\n\n") =>
    soughtIn(text, { types: ["PER", "ORG"], otherTypes: ["LOC"], separator }).map(
      ({ text, type }) => `${type} ${text}`,
    );

  test.each<[what: string, text: string, sought: string[]]>([
    [
      "is put on one line and looked at for each type",
      " Ann came.\n\nBy bus. ",
      ["PER Ann came. By bus.", "ORG Ann came. By bus."],
    ],
    ["of a tagger's own is looked at for the type it asks for", "Ann came .\nPER\n\nAnn", ["PER Ann came ."]],
    ["that broke off before its answer as well", "Ann came .\nORG", ["ORG Ann came ."]],
    ["that asks for a type that may stay tells nothing that must go", "Ann came to Oslo .\nLOC\n\nOslo", []],
    [
      "that asks for a type nobody named is a text like any",
      "Ann came .\nMISC",
      ["PER Ann came . MISC", "ORG Ann came . MISC"],
    ],
    ["that is a type's name asks nothing", "PER", ["PER PER", "ORG PER"]],
    ["without words is not looked at", " \n", []],
  ])("%s", (_what, text, expected) => expect(sought(text)).toEqual(expected));

  test("may be parted from its answer otherwise", () => {
    expect(sought("Ann came .\nPER => Ann", " => ")).toEqual(["PER Ann came ."]);
    expect(sought("Ann came .\nPER", "")).toEqual(["PER Ann came ."]);
  });
});

describe("a language model", () => {
  const named = ["Ann ran .", "Bob ran .", "Ann sat .", "Bob sat ."];
  const plain = ["It ran .", "He sat .", "It sat .", "He ran ."];
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lethe-tagger-"));
    file = join(folder, "people.conll");
    const column = (word: string) => `${word} ${/^(Ann|Bob)$/.test(word) ? "B-PER" : "O"}\n`;
    const sentences = [...named, ...plain].map((sentence) => sentence.split(" ").map(column).join(""));
    writeFileSync(file, sentences.join("\n"));
    const teaching = {
      model: { init: "random", config: tinyLlama, tokenizer: { vocabularySize: 280 } },
      data: file,
      training: { steps: 60, batchSize: 8, learningRate: 0.01 },
      output: join(folder, "taught"),
    };
    await teach(trainConfig.parse(teaching) as TrainConfig, "", context());
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("that was taught to name persons finds them, in plain text and in its own; what it finds is 1 less P(none, end)", async () => {
    const model = join(folder, "taught", "model");
    const { entry, options } = await choose(judges, { name: "tagger", model, types: ["PER"] });
    using judge = await entry.open(options, start);
    const own = named.map((sentence) => `${sentence}\nPER\n\nAnn`);
    const scores = await judge.score([...named, ...own, ...plain, ""]);
    for (const found of scores.slice(0, 8)) expect(found).toBeGreaterThan(0.5);
    for (const found of scores.slice(8)) expect(found).toBeLessThan(0.5);
    expect(scores.slice(4, 8)).toEqual(scores.slice(0, 4));
    expect(scores[12]).toBe(0);

    // The data format writes what it was taught: the judge asks the same.
    const { records } = await loadRecords({ path: file });
    using session = await openSession(model, { device: "cpu", encoding: {}, report: silent });
    const asked = records.slice(4).map((record) => ({ text: questionOf(record as never), answer: answerOf(record) }));
    expect(asked[0]).toEqual({ text: "It ran .\nPER", answer: "none" });
    const none = await createAnswerLikelihoods(session)(asked);
    none.forEach((logProbability, i) => {
      expect(scores[8 + i]).toBeCloseTo(1 - Math.exp(logProbability), 6);
    });
  });

  test("that is no tagger never says none, finds everything, and is refused", async () => {
    using judge = await openTaggerJudge(read({ model: mini }), start);
    await expect(refuseJudgeOfAll(judge, { minimumRelevance: 0.5 })).rejects.toThrow(/finds everything/);
  });
});

describe("a token-classification model", () => {
  let closed = 0;
  /** Ann is a person to 0.9, Oslo a place to 0.8. */
  const load = async () => ({
    pipeline: async () =>
      Object.assign(
        async (texts: string[]) =>
          texts.map((text) => [
            ...(text.includes("Ann")
              ? [
                  { entity: "B-PER", score: 0.7 },
                  { entity: "I-PER", score: 0.9 },
                ]
              : []),
            ...(text.includes("Oslo") ? [{ entity: "LOC", score: 0.8 }] : []),
          ]),
        {
          model: { config: { id2label: { 0: "O", 1: "B-PER", 2: "I-PER", 3: "LOC" } } },
          dispose: async () => closed++,
        },
      ),
  });

  test("scores a text by the surest token of a type; where there is none it is 0", async () => {
    const texts = ["Ann came.", "Oslo.", "Ann, Oslo", "Rain.", "Ann in Oslo\nLOC\n\nOslo"];
    using persons = await openTaggerJudge(read({ otherTypes: ["LOC"] }), start, load);
    expect(await persons.score(texts)).toEqual([0.9, 0, 0.9, 0, 0]);
    using places = await openTaggerJudge(read({ types: ["LOC"] }), start, load);
    expect(await places.score(texts)).toEqual([0, 0.8, 0.8, 0, 0.8]);
  });

  test("is closed when done with, and at once for a type that it does not know", async () => {
    closed = 0;
    {
      using _ = await openTaggerJudge(read({}), start, load);
    }
    expect(closed).toBe(1);
    await expect(openTaggerJudge(read({ types: ["PERS"] }), start, load)).rejects.toMatchObject({
      message: 'the tagger org/ner knows no type "PERS"',
      hint: expect.stringContaining("PER, LOC"),
    });
    expect(closed).toBe(2);
  });
});

test("a type that must go and may stay, and no type at all, are refused", () => {
  expect(() => read({ otherTypes: ["PER"] })).toThrow(/must go or may stay, not both/);
  expect(() => read({ types: [] })).toThrow();
});
