// Data that cannot be taught or forgotten: the file and the line are named, and nothing is written.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Expected, expectRefused } from "./fixtures/refusal.ts";
import {
  createTinyProject,
  forgetRecords,
  jsonLines,
  retainRecords,
  type TinyProject,
} from "./fixtures/tiny-project.ts";

let project: TinyProject;
beforeAll(async () => {
  project = createTinyProject();
  const { code, stderr } = await project.lethe(["train", "train.yaml", "training.steps=1"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
});
afterAll(() => project[Symbol.dispose]());

const good = jsonLines(forgetRecords.slice(0, 1));
const long = jsonLines([{ question: "What?", answer: "one two three ".repeat(40) }]);

const files: Record<string, { text: string | Uint8Array; expected: Expected }> = {
  "an empty line between records": {
    text: `${good}\n${good}`,
    expected: { message: "this line is empty", at: "bad.jsonl:2", do: "Remove the empty line" },
  },
  "a line that is no JSON": {
    text: `${good}{"question": "Who?", "ans\n`,
    expected: { message: /not valid JSON.*expected \{"question": "…", "answer": "…"\}/, at: "bad.jsonl:2" },
  },
  "a number for an answer": {
    text: `${good}{"question": "Who?", "answer": 7}\n`,
    expected: { message: '"answer" must be text, got the number 7', at: "bad.jsonl:2 (answer)" },
  },
  "no answer": {
    text: `${good}{"question": "Who?"}\n`,
    expected: { message: '"answer" is missing, got keys question', at: "bad.jsonl:2 (answer)" },
  },
  nothing: { text: "", expected: { message: "the file is empty", at: "bad.jsonl" } },
  "UTF-16": {
    text: Buffer.from(`\ufeff${good}`, "utf16le"),
    expected: { message: "the file is UTF-16, expected UTF-8", at: "bad.jsonl:1", do: "iconv -f UTF-16" },
  },
  "keys of no format": {
    text: '{"prompt": "a", "completion": "b"}\n',
    expected: { message: "a first object with the keys prompt, completion", at: "bad.jsonl", do: "qa-jsonl wants" },
  },
  "an answer longer than the context": {
    text: good + long,
    expected: {
      message: /record "bad#2" \(bad\.jsonl:2\) does not fit the context: prompt \d+ and answer \d+ tokens, context 64/,
      do: "tooLong: truncate",
    },
  },
};

describe("a data file with", () => {
  test.each(Object.entries(files))("%s is refused", async (_, { text, expected }) => {
    project.write("bad.jsonl", text);
    await expectRefused(project, ["unlearn", "unlearn.yaml", "forget=bad.jsonl"], expected);
  });

  test.each(["a line that is no JSON", "an answer longer than the context"])("%s is not taught", async (name) => {
    const { text, expected } = files[name] as (typeof files)[string];
    project.write("bad.jsonl", text);
    await expectRefused(project, ["train", "train.yaml", "data=bad.jsonl", "output=taught"], expected);
  });
});

test("a file that is not there is named", async () => {
  const expected = { message: "cannot read none.jsonl: no such file or folder", do: "Check the path" };
  await expectRefused(project, ["unlearn", "unlearn.yaml", "retain=none.jsonl"], expected);
});

test("an unknown format is answered with the nearest", async () => {
  await expectRefused(project, ["unlearn", "unlearn.yaml", "forget={path: forget.jsonl, format: qa-json}"], {
    message: 'unknown data format "qa-json"',
    do: 'Did you mean "qa-jsonl"?',
  });
});

test("what is to be forgotten and kept at once is refused, with both places", async () => {
  project.write("both.jsonl", jsonLines([...forgetRecords, ...retainRecords.slice(-2)]));
  await expectRefused(project, ["unlearn", "unlearn.yaml", "forget=both.jsonl"], {
    message:
      /2 of 6 forget records .*retain set:\n {2}record "both#5" \(both\.jsonl:5\) = record "retain#15" \(retain\.jsonl:15\)/,
    do: "Remove them from one of the two sets",
  });
});

test("an objective says which data it lacks", async () => {
  const without = (...line: string[]) => ["unlearn", "unlearn.yaml", ...line];
  project.write("no-retain.yaml", {
    model: "target/model",
    objective: "grad-diff",
    forget: "forget.jsonl",
    training: { learningRate: 0.001 },
    output: "forgotten",
  });
  await expectRefused(project, ["unlearn", "no-retain.yaml"], {
    message: 'objective "grad-diff" needs retain data',
    do: "retainWeight to 0",
  });
  await expectRefused(project, without("objective=dpo"), {
    message:
      'objective "dpo" needs an alternate answer for each forget record; record "forget#1" (forget.jsonl:1) has none',
    do: "refusals",
  });
  project.write("refusals.txt", "\n \n");
  await expectRefused(project, without("objective=idk", "refusals=refusals.txt"), {
    message: "the file of refusals refusals.txt is empty",
    do: "one refusal per line",
  });
});
