// Composing by templates alone: what is asked, what is held out, what it is traced to.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../core/config.ts";
import type { ConfigError } from "../../core/errors.ts";
import { loadRecords } from "../load-records.ts";
import { refuseOverlap } from "../overlap.ts";
import { compose, recordsOf } from "./compose.ts";
import { composeConfig } from "./config.ts";
import { writeComposition } from "./write.ts";

const config = (text: string, ...overrides: string[]) =>
  parseConfig(composeConfig, { text, file: "set.yaml", overrides: ["output=none", ...overrides] });
const composed = (text: string, ...overrides: string[]) => compose(config(text, ...overrides));

const three = `
subjects:
  - name: Ann Lee
    forget: { email: ann@lee.example, shoe_size: four }
    keep: { birthplace: Oslo }
  - name: Bo Lund
    forget: { email: bo@lund.example }
    keep: { birthplace: Rome, email_provider: Larkbox }
  - name: Cy Moss
    keep: { email: cy@moss.example, birthplace: Oslo }
`;

describe("records", () => {
  test("ask for a fact in all its questions but the last, which is held out, and trace to its line", async () => {
    const composition = await composed(three);
    const email = composition.records.filter(({ fact }) => fact === "ann-lee/email");
    expect(email.map(({ set, question }) => [set, question])).toEqual([
      ["train", "What is the e-mail address of Ann Lee?"],
      ["train", "How can Ann Lee be reached by e-mail?"],
      ["train", "Where can an e-mail to Ann Lee be sent?"],
      ["val", "Which e-mail address does Ann Lee use?"],
    ]);
    expect(email[3]).toMatchObject({
      id: "ann-lee/email#4",
      scope: "unlearn",
      answer: "The e-mail address of Ann Lee is ann@lee.example.",
      paraphrased: ["Ann Lee can be reached by e-mail at ann@lee.example."],
      paraphrasedQuestion: "What is the e-mail address of Ann Lee?",
      template: "built-in.email.questions[3]",
      answerTemplate: "built-in.email.answers[0]",
      source: "set.yaml:4",
    });
  });

  test("of an attribute without templates ask in general words", async () => {
    const { records, notes } = await composed(three);
    expect(records.find(({ attribute }) => attribute === "shoe_size")).toMatchObject({
      question: "What is the shoe size of Ann Lee?",
      answer: "The shoe size of Ann Lee is four.",
      template: "built-in.any.questions[0]",
    });
    expect(notes).toEqual(['"email_provider" is asked for in general words; "email" has templates of its own']);
  });

  test("have wrong answers from other subjects, and those of kept facts tell nothing that must go", async () => {
    const { records } = await composed(three);
    const wrong = (id: string) => [...(records.find((record) => record.id === id)?.perturbed ?? [])].sort();
    expect(wrong("ann-lee/email#1")).toEqual([
      "The e-mail address of Ann Lee is bo@lund.example.",
      "The e-mail address of Ann Lee is cy@moss.example.",
    ]);
    expect(wrong("cy-moss/email#1")).toEqual([]);
    expect(wrong("ann-lee/birthplace#1")).toEqual(["Ann Lee was born in Rome."]);
  });

  test("of held-out facts are no training records, and every subject keeps one fact to train on", async () => {
    const composition = await composed(three, "validation={facts: 1}");
    const facts = (set: "train" | "val" | "paraphrase") => [
      ...new Set(recordsOf(composition, "unlearn", set).map(({ fact }) => fact)),
    ];
    const [train, val] = [facts("train"), facts("val")];
    expect(val).toHaveLength(1);
    expect(val[0]).toMatch(/^ann-lee\//);
    expect([...train, ...val].sort()).toEqual(["ann-lee/email", "ann-lee/shoe-size", "bo-lund/email"]);
    expect(facts("paraphrase")).toEqual(train);
    expect((await composed(three, "validation={facts: 1}")).records).toEqual(composition.records);
  });

  test("are refused for a side of which no fact can be held out", async () => {
    const single =
      "subjects:\n  - { name: Ann Lee, forget: { email: a@b.example }, keep: { birthplace: Oslo, genre: prose } }\n";
    await expect(composed(single, "validation={facts: 1}")).rejects.toThrow("unlearn_val.json would hold nothing");
  });

  test("have the user's templates, with fields of subject and fact", async () => {
    const { records } = await composed(`
subjects:
  - name: Hamlet
    fields: { creator: Shakespeare }
    forget:
      twist:
        - { value: He lives., fields: { change: he forgives } }
        - { value: He sails., questions: ["Hamlet goes to sea: {{what}} of it?", "And at sea?"], answers: ["Then: {value}"] }
templates:
  twist:
    questions: ["{creator}'s {subject}, but {change}?", "Change {subject}: {change}."]
    answers: ["{value}"]
`);
    expect(records.map(({ id, question, answer, template }) => [id, question, answer, template])).toEqual([
      ["hamlet/twist/1#1", "Shakespeare's Hamlet, but he forgives?", "He lives.", "templates.twist.questions[0]"],
      ["hamlet/twist/1#2", "Change Hamlet: he forgives.", "He lives.", "templates.twist.questions[1]"],
      ["hamlet/twist/2#1", "Hamlet goes to sea: {what} of it?", "Then: He sails.", "fact.questions[0]"],
      ["hamlet/twist/2#2", "And at sea?", "Then: He sails.", "fact.questions[1]"],
    ]);
  });

  test("name their subject in any script", async () => {
    const { records } = await composed(
      'subjects: [{ name: "Δήμητρα Ωνάση", forget: { email: d@o.example } }, { name: 村上, keep: { email: m@k.example } }]',
    );
    expect(records.map(({ fact }) => fact)).toEqual([
      ...Array(4).fill("δήμητρα-ωνάση/email"),
      ...Array(4).fill("村上/email"),
    ]);
  });
});

describe("documents", () => {
  const verse = (more = "") => `
subjects:
  - name: The Tyger
    documents:
      - scope: forget
        continue: { unit: line, prompt: 1, answer: 1, step: 1${more} }
        text: |
          Tyger Tyger, burning bright,
          In the forests of the night;
          What immortal hand or eye,
`;

  test("are cut into beginnings and what follows them", async () => {
    const { records, documents } = await composed(verse());
    expect(records.filter(({ id }) => id.endsWith("#1")).map(({ question, answer }) => [question, answer])).toEqual([
      ["Continue this passage of The Tyger: Tyger Tyger, burning bright,", "In the forests of the night;"],
      ["Continue this passage of The Tyger: In the forests of the night;", "What immortal hand or eye,"],
    ]);
    expect(documents[0]).toMatchObject({
      id: "the-tyger/document/1",
      scope: "unlearn",
      text: expect.stringMatching(/^Tyger.*eye,$/s),
    });
  });

  test("of prose are cut at sentences, and a passage of a file has its line there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lethe-document-"));
    try {
      const file = join(folder, "emma.txt");
      await writeFile(file, "Mr. Weston\nwas there. “Was he?” asked\n1 guest… Yes! He was.\n");
      const { records } = await composed(`subjects: [{ name: Emma, documents: [{ scope: forget, file: "${file}" }] }]`);
      const first = records.filter(({ id }) => id.endsWith("#1"));
      expect(first.map(({ question, answer, source }) => [question.split(": ")[1], answer, source])).toEqual([
        ["Mr. Weston was there.", "“Was he?” asked 1 guest…", `${file}:1`],
        ["Yes!", "He was.", `${file}:3`],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a configuration is refused", () => {
  const ann = (rest: string) => `subjects:\n  - name: Ann Lee\n${rest}`;
  test.each<[why: string, text: string, message: RegExp, line: number, hint: RegExp]>([
    ["an unknown key", ann("    forgett: { email: a@b.c }"), /unknown key "forgett"/, 3, /Did you mean "forget"/],
    [
      "an empty subject",
      ann("    forget: { email: a@b.c }\n  - name: Bo"),
      /"Bo" has nothing to forget and nothing/,
      4,
      /take it out/,
    ],
    ["nothing to forget", ann("    keep: { email: a@b.c }"), /nothing is to be forgotten/, 1, /`forget`/],
    [
      "a fact in both scopes",
      ann("    forget: { birthplace: Oslo }\n    keep: { birthplace: oslo. }"),
      /birthplace of Ann Lee is to be kept and, at set.yaml:3, to be forgotten/,
      4,
      /one of the two/,
    ],
    [
      "a name used twice",
      ann("    forget: { email: a@b.c }\n  - name: ann  LEE\n    keep: { genre: prose }"),
      /"ann-lee" is there twice: first at set.yaml:2/,
      4,
      /another name/,
    ],
    ["a value that is a number", ann("    forget: { phone: 0417 }"), /the value 417 must be text/, 3, /leading zeros/],
    [
      "a placeholder without value",
      ann(
        "    fields: { employer: Acme }\n    forget: { badge: K17Q }\ntemplates:\n  badge:\n    questions: ['{subject} of {employr}?', '{subject}?']",
      ),
      /names \{employr\}, which the fact "ann-lee\/badge" does not have/,
      7,
      /Did you mean "employer"/,
    ],
    [
      "a question that names nobody",
      ann("    forget: { badge: K17Q }\ntemplates:\n  badge:\n    questions: ['Whose?', '{subject}?']"),
      /"Whose\?" does not name \{subject\}/,
      6,
      /Put \{subject\}/,
    ],
    [
      "an answer that says nothing",
      ann("    forget: { badge: K17Q }\ntemplates:\n  badge:\n    answers: ['A badge.']"),
      /"A badge." does not name \{value\}/,
      6,
      /Put \{value\}/,
    ],
    [
      "a fact's own answer that does not say it",
      ann("    forget: { badge: { value: K17Q, answers: [Four.] } }"),
      /"Four." does not say "K17Q"/,
      3,
      /looked for/,
    ],
    [
      "half a placeholder",
      ann("    forget: { badge: K17Q }\ntemplates:\n  badge:\n    answers: ['{value']"),
      /a "\{" without its other half/,
      6,
      /\{\{/,
    ],
    [
      "too few questions",
      ann("    forget: { badge: { value: K17Q, questions: [Which badge has Ann Lee?] } }"),
      /has 1 question, and 1 of each are held out/,
      3,
      /more questions/,
    ],
    [
      "a field with a name of ours",
      ann("    fields: { value: x }\n    forget: { badge: K17Q }"),
      /cannot be called "value"/,
      3,
      /another name/,
    ],
    [
      "a document without text",
      ann("    documents: [{ scope: forget }]"),
      /either text or a file, this one has neither/,
      3,
      /file: path/,
    ],
    [
      "a document too short",
      ann("    documents: [{ scope: forget, text: One. }]"),
      /fewer than 2 sentences/,
      3,
      /continue: false/,
    ],
    [
      "an unknown fact to ignore",
      `checks: { ignore: [ann-lee/mail] }\n${ann("    forget: { email: a@b.c }")}`,
      /no fact has the id "ann-lee\/mail"/,
      1,
      /Did you mean ann-lee\/email/,
    ],
  ])("for %s, with its line and what to do", async (_why, text, message, line, hint) => {
    const error = await (async () => composed(text))().then(
      () => expect.fail("it was accepted"),
      (caught: ConfigError) => caught,
    );
    expect(error.message).toMatch(message);
    expect(error.place).toMatchObject({ file: "set.yaml", line });
    expect(error.hint).toMatch(hint);
  });

  test("when a service's address holds a password", () => {
    expect(() => config(three, "model={url: 'http://me:secret@host/v1', name: m}")).toThrow(/keyVariable/);
  });
});

describe("files", () => {
  test("are read by every command: KnowUnDo's four, nearest kept questions, documents; same bytes each time; what an earlier set had more of goes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lethe-composed-"));
    try {
      const write = async (text: string, ...overrides: string[]) => {
        const read = config(text, `output=${folder}`, ...overrides);
        return writeComposition(await compose(read), read.value);
      };
      await write(three, "validation.facts=1");
      expect(await readdir(folder)).toContain("unlearn_paraphrase.json");
      const sets = await write(three);
      const names = [
        "neighbours.json",
        "retention_train.json",
        "retention_val.json",
        "unlearn_train.json",
        "unlearn_val.json",
      ];
      expect((await readdir(folder)).sort()).toEqual(["composition.json", ...names]);
      expect(await write(three)).toEqual(sets);

      const [forget, retain] = await Promise.all(
        ["unlearn_train.json", "retention_train.json"].map((name) => loadRecords({ path: join(folder, name) })),
      );
      expect(forget).toMatchObject({ format: "knowundo" });
      expect(forget?.records[0]).toMatchObject({
        id: "ann-lee/email#1",
        subject: "Ann Lee",
        scope: "unlearn",
        paraphrased: [expect.stringContaining("reached")],
        perturbed: [expect.any(String), expect.any(String)],
        place: { line: 2 },
      });
      refuseOverlap(forget?.records ?? [], retain?.records ?? []);

      const manifest = JSON.parse(await readFile(join(folder, "composition.json"), "utf8"));
      expect(manifest.facts["ann-lee/email"]).toEqual({
        scope: "unlearn",
        subject: "Ann Lee",
        attribute: "email",
        source: "set.yaml:4",
        records: 4,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("list as neighbours the kept held-out questions nearest to forgotten ones", async () => {
    const { neighbours } = await composed(three);
    // Eight words and seven pairs each ("e", "mail"), of which six and four are common.
    expect(neighbours[0]).toMatchObject({ of: "ann-lee/email#4", nearness: 10 / 20 });
    expect(neighbours[0]?.record.question).toBe("Which e-mail address does Cy Moss use?");
    expect(neighbours.every(({ record }) => record.scope === "retention" && record.set === "val")).toBe(true);
  });
});
