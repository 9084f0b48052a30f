import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../core/events.ts";
import { encodeExample } from "../data/encoding.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import type { Classification } from "../text/optional-transformers.ts";
import { createAnswerLikelihoods } from "./answer-likelihoods.ts";
import { openSession, type Session } from "./session.ts";
import { labelProbabilities, openTextClassifier } from "./text-classifier.ts";

const mini = fileURLToPath(new URL("../../models/mini/full", import.meta.url));
const labels = ["yes", "not at all"];

let session: Session;
beforeAll(async () => {
  session = await openSession(mini, { device: "cpu", encoding: {}, report: silent });
});
afterAll(() => session[Symbol.dispose]());

/** log P(label, end | text) from the logits of a pass of its own, in float64. */
async function logLikelihood(text: string, label: string): Promise<number> {
  const record = { kind: "question-answer", id: "x", question: text, answer: label } as const;
  const { ids, labels: wanted } = encodeExample(session.tokenizer, record, session.encoding);
  const runner = createStageRunner(session.model);
  const rows = Int32Array.from([...wanted.keys()].filter((position) => (wanted[position] as number) >= 0));
  using pass = await runner.forward({ ids, batch: 1, seq: ids.length });
  const logits = await runner.logitRows(pass, rows);
  const width = logits.length / rows.length;
  return rows.reduce((sum, position, row) => {
    const scores = Array.from(logits.subarray(row * width, (row + 1) * width));
    const top = Math.max(...scores);
    const normaliser = top + Math.log(scores.reduce((total, score) => total + Math.exp(score - top), 0));
    return sum + (scores[wanted[position] as number] as number) - normaliser;
  }, 0);
}

describe("a language model as a classifier", () => {
  test("gives each label its share of their likelihoods, ends included, whatever texts stand beside it", async () => {
    const texts = ["Is Ana in?", "A rather longer text than the first one, on two\nlines.", ""];
    const probabilities = await labelProbabilities(createAnswerLikelihoods(session), labels, texts);
    for (const [i, text] of texts.entries()) {
      const [a, b] = [await logLikelihood(text, "yes"), await logLikelihood(text, "not at all")];
      const [first, second] = probabilities[i] as [number, number];
      expect(first).toBeCloseTo(1 / (1 + Math.exp(b - a)), 5);
      expect(first + second).toBeCloseTo(1, 12);
    }
  });

  test("reads the beginning of a text that does not fit the context", async () => {
    const asked = createAnswerLikelihoods({ ...session, encoding: { ...session.encoding, contextLength: 40 } });
    const [long] = await labelProbabilities(asked, labels, ["word ".repeat(200)]);
    const [longer] = await labelProbabilities(asked, labels, [`${"word ".repeat(200)} and an end that nobody reads`]);
    expect(longer).toEqual(long);
  });

  test("opens by folder and refuses a label that is none of its labels", async () => {
    using classifier = await openTextClassifier({ model: mini, label: "not at all", labels });
    const [first] = await labelProbabilities(createAnswerLikelihoods(session), labels, ["Is Ana in?"]);
    expect(await classifier.score(["Is Ana in?"])).toEqual([first?.[1]]);
    await expect(openTextClassifier({ model: mini, label: "not at al", labels })).rejects.toMatchObject({
      hint: expect.stringContaining("not at all"),
    });
  });
});

describe("a text-classification model", () => {
  let opened: unknown[] = [];
  const fake = (problem_type: string, id2label?: Record<string, string>) => async (): Promise<Classification> => ({
    AutoTokenizer: { from_pretrained: async () => () => ({}) },
    AutoModelForSequenceClassification: {
      from_pretrained: async (...given) => {
        opened.push(given);
        return Object.assign(async () => ({ logits: { tolist: () => [[Math.log(3), 0]] } }), {
          config: { problem_type, ...(id2label ? { id2label } : {}) },
          dispose: async () => opened.push("closed"),
        });
      },
    },
  });
  const one = fake("single_label_classification", { 0: "toxic", 1: "insult" });
  const several = fake("multi_label_classification", { 0: "toxic", 1: "insult" });

  test("is asked through the optional package; classes that may hold together are scored apart", async () => {
    using toxic = await openTextClassifier({ model: "m", label: "toxic" }, { load: one });
    expect((await toxic.score(["x"]))[0]).toBeCloseTo(0.75, 12); // softmax of [ln 3, 0]
    using insult = await openTextClassifier({ model: "m", label: "insult" }, { load: several });
    expect((await insult.score(["x"]))[0]).toBeCloseTo(0.5, 12); // sigmoid of 0
  });

  test("is opened once for all it is asked, and closed; another label than its own is refused as soon as it is known", async () => {
    opened = [];
    {
      using toxic = await openTextClassifier({ model: "m", label: "toxic" }, { load: one });
      await toxic.score(["x"]);
      await toxic.score(["x"]);
    }
    expect(opened).toEqual([["m", {}], "closed"]);
    const wrong = { hint: expect.stringContaining("toxic") };
    await expect(openTextClassifier({ model: "m", label: "toxi" }, { load: one })).rejects.toMatchObject(wrong);
    expect(opened).toHaveLength(4);
    using unnamed = await openTextClassifier(
      { model: "m", label: "toxic" },
      { load: fake("single_label_classification") },
    );
    await expect(unnamed.score(["x"])).rejects.toThrow(/has no label "toxic"/);
  });

  test("may be a folder or a file; a folder of a language model asks for its labels", async () => {
    opened = [];
    const folder = mkdtempSync(join(tmpdir(), "lethe-classifier-"));
    try {
      for (const name of ["model.onnx", "config.json", "tokenizer.json", "tokenizer_config.json"])
        writeFileSync(join(folder, name), "");
      for (const model of [folder, join(folder, "model.onnx")]) {
        using _ = await openTextClassifier({ model, label: "toxic" }, { load: one });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    const here = { subfolder: "", model_file_name: "model", dtype: "fp32", local_files_only: true };
    expect(opened).toEqual([[folder, here], "closed", [folder, here], "closed"]);
    await expect(openTextClassifier({ model: mini, label: "toxic" }, { load: one })).rejects.toMatchObject({
      message: expect.stringContaining("holds no ONNX file, and `labels` are not given"),
    });
  });
});
