import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../core/events.ts";
import { encodeExample } from "../data/encoding.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import type { Transformers } from "../text/optional-transformers.ts";
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
    const probabilities = await labelProbabilities(session, labels, texts);
    for (const [i, text] of texts.entries()) {
      const [a, b] = [await logLikelihood(text, "yes"), await logLikelihood(text, "not at all")];
      const [first, second] = probabilities[i] as [number, number];
      expect(first).toBeCloseTo(1 / (1 + Math.exp(b - a)), 5);
      expect(first + second).toBeCloseTo(1, 12);
    }
  });

  test("reads the beginning of a text that does not fit the context", async () => {
    const room = { ...session, encoding: { ...session.encoding, contextLength: 40 } };
    const [long] = await labelProbabilities(room, labels, ["word ".repeat(200)]);
    const [longer] = await labelProbabilities(room, labels, [`${"word ".repeat(200)} and an end that nobody reads`]);
    expect(longer).toEqual(long);
  });

  test("opens by folder and refuses a label that is none of its labels", async () => {
    using classifier = await openTextClassifier({ model: mini, label: "not at all", labels });
    const [first] = await labelProbabilities(session, labels, ["Is Ana in?"]);
    expect(await classifier.score(["Is Ana in?"])).toEqual([first?.[1]]);
    await expect(openTextClassifier({ model: mini, label: "not at al", labels })).rejects.toMatchObject({
      hint: expect.stringContaining("not at all"),
    });
  });
});

test("a text-classification model is asked through the optional package; classes that may hold together are scored apart", async () => {
  const fake = (problem_type: string) => async (): Promise<Transformers> => ({
    pipeline: async () => {
      throw new Error("not asked for");
    },
    AutoTokenizer: { from_pretrained: async () => () => ({}) },
    AutoModelForSequenceClassification: {
      from_pretrained: async () =>
        Object.assign(async () => ({ logits: { tolist: () => [[Math.log(3), 0]] } }), {
          config: { id2label: { 0: "toxic", 1: "insult" }, problem_type },
        }),
    },
  });
  const one = await openTextClassifier({ model: "m", label: "toxic" }, { load: fake("single_label_classification") });
  expect((await one.score(["x"]))[0]).toBeCloseTo(0.75, 12); // softmax of [ln 3, 0]
  const several = await openTextClassifier(
    { model: "m", label: "insult" },
    { load: fake("multi_label_classification") },
  );
  expect((await several.score(["x"]))[0]).toBeCloseTo(0.5, 12); // sigmoid of 0
  const other = await openTextClassifier({ model: "m", label: "rude" }, { load: fake("single_label_classification") });
  await expect(other.score(["x"])).rejects.toMatchObject({ hint: expect.stringContaining("toxic") });
});
