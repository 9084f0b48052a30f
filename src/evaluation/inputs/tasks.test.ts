// What judges, other models and Python say of a small model's answers, against answers written by hand.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../core/config.ts";
import { silent } from "../../core/events.ts";
import { createAnswerLikelihoods } from "../../unlearning/answer-likelihoods.ts";
import { openSession, type Session } from "../../unlearning/index.ts";
import { labelProbabilities } from "../../unlearning/text-classifier.ts";
import { ALLOW_VARIABLE, findPython } from "../code/python.ts";
import { evaluate } from "../evaluate.ts";
import type { GeneratedExample, InputKind } from "../metrics/index.ts";
import { evaluationOptions } from "../options.ts";
import { prepareBenchmark } from "../prepare.ts";
import { codeIn } from "./programs.ts";

const mini = fileURLToPath(new URL("../../../models/mini/full", import.meta.url));
let session: Session;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lethe-inputs-tasks-"));
  const task = { task_id: 1, text: "One.", code: "def one():\n  return 1", test_list: ["assert one() == 1"] };
  const lines = [1, 2, 3, 4, 5].map((id) => JSON.stringify({ ...task, task_id: id }));
  writeFileSync(join(folder, "tasks.jsonl"), lines.join("\n"));
  writeFileSync(join(folder, "questions.jsonl"), JSON.stringify({ question: "Where?", answer: "Here." }));
  session = await openSession(mini, { device: "cpu", encoding: {}, report: silent });
});
afterAll(() => {
  session[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const prepare = async (metric: string, file: string, evaluation: object = {}, set: object = {}) => {
  const sets = { one: { data: join(folder, file), role: "general", generate: true, maxNewTokens: 8, ...set } };
  const text = JSON.stringify({ metrics: [metric], sets, ...evaluation });
  return prepareBenchmark(session, parseConfig(evaluationOptions, { text }).value);
};
/** What the kind makes of answers that nobody generated. */
async function made(kind: InputKind, metric: string, file: string, texts: readonly string[], evaluation: object = {}) {
  const [set] = (await prepare(metric, file, evaluation)).sets;
  const written = texts.map(
    (text): GeneratedExample => ({ question: "Say:", expected: "", generated: text.trim(), continuation: text }),
  );
  const live = { session, answers: async () => written };
  return set?.inputs[kind]?.measure(() => {
    throw new Error("no pass is needed");
  }, live);
}

describe("toxicity", () => {
  const judge = { model: mini, label: "no", labels: ["yes", "no"] };

  test("is the judge's view of the answer alone, or of prompt and answer as one text; nothing said is not toxic", async () => {
    const [alone, whole] = await labelProbabilities(createAnswerLikelihoods(session), judge.labels, [
      "a word",
      "Say:\n\n a word",
    ]);
    const judged = (withPrompt: boolean) =>
      made("toxicity", "toxicity", "questions.jsonl", [" a word", ""], {
        judges: { toxicity: { ...judge, withPrompt } },
      });
    const [first, empty] = (await judged(false)) as { probability: number }[];
    expect(first?.probability).toBeCloseTo(alone?.[1] as number, 6);
    expect(empty?.probability).toBe(0);
    const [second] = (await judged(true)) as { probability: number }[];
    expect(second?.probability).toBeCloseTo(whole?.[1] as number, 6);
  });

  test("without a judge is refused with the key to give", async () => {
    await expect(prepare("toxicity", "questions.jsonl")).rejects.toMatchObject({
      hint: expect.stringContaining("evaluation.judges.toxicity"),
    });
  });
});

test("an answer under the same model as a judge has the likelihood that it has as a given answer, ends aside", async () => {
  const options = { judges: { language: { model: mini } } };
  const [own, empty] = (await made("language", "generated-perplexity", "questions.jsonl", ["Here.", " "], options)) as [
    { loss: number },
    null,
  ];
  expect(empty).toBeNull();
  writeFileSync(join(folder, "said.jsonl"), JSON.stringify({ question: "Say:", answer: "Here." }));
  const benchmark = await prepare("perplexity", "said.jsonl", {}, { generate: false, encoding: { endToken: false } });
  const { sets } = await evaluate(session, benchmark, { column: "x", seed: 0, report: silent });
  expect(own.loss).toBeCloseTo(Math.log(sets[0]?.metrics.perplexity?.value as number), 5);
});

test("pairs of words are fresh once, within an answer and across answers", async () => {
  const texts = ["a b a b", "A b, c", "", "c"];
  expect(await made("novelty", "diversity", "questions.jsonl", texts)).toEqual([
    { fresh: 2, pairs: 3 },
    { fresh: 1, pairs: 2 },
    { fresh: 0, pairs: 0 },
    { fresh: 0, pairs: 0 },
  ]);
});

test("drawn answers differ between repetitions of a record and are the same in the next evaluation", async () => {
  const data = { path: join(folder, "questions.jsonl"), repeat: 6 };
  const benchmark = await prepare("distinct-words", "questions.jsonl", {}, { data, temperature: 2 });
  const said = async () => {
    const { sets } = await evaluate(session, benchmark, { column: "x", seed: 0, report: silent });
    return sets[0]?.samples.map(({ generated }) => generated) ?? [];
  };
  const first = await said();
  expect(new Set(first).size).toBeGreaterThan(3);
  expect(await said()).toEqual(first);
});

describe.skipIf(findPython() === undefined)("programs (skipped where there is no Python)", () => {
  const texts = [
    "def one():\n  return 1",
    "def one():\n  return 2",
    "def one(:",
    "",
    "```python\ndef one(): return 1\n```",
  ];

  test("are refused before anything is measured unless running them is allowed", async () => {
    delete process.env[ALLOW_VARIABLE];
    await expect(prepare("pass-at-1", "tasks.jsonl")).rejects.toMatchObject({
      hint: expect.stringContaining("--allow-code-execution"),
    });
  });

  test("pass with what they were asked, and an empty one is not valid", async () => {
    process.env[ALLOW_VARIABLE] = "1";
    const passed = await made("executed", "pass-at-1", "tasks.jsonl", texts);
    delete process.env[ALLOW_VARIABLE];
    expect(passed).toEqual([true, false, false, false, true].map((passed) => ({ passed })));
    const valid = await made("parsed", "code-validity", "tasks.jsonl", texts);
    expect(valid).toEqual([true, true, false, false, true].map((valid) => ({ valid })));
  });

  test("are not looked for where no record has tests", async () => {
    await expect(prepare("code-validity", "questions.jsonl")).rejects.toMatchObject({
      hint: expect.stringContaining("none of its records has tests"),
    });
  });
});

test("a program's leading spaces count, and of a chat answer only what stands between the fences", () => {
  expect(codeIn("    return 1\n")).toBe("    return 1\n");
  expect(codeIn("Sure!\n```python\nx = 1\n\ny = 2\n```\nDone.")).toBe("x = 1\n\ny = 2");
});
