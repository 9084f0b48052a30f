// `lethe bench steering --offset`: what a run's offset costs and changes over the questions of a file.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { silent } from "../core/events.ts";
import { tinyLlama } from "../models/fixtures/tiny-llama.ts";
import { loadModel } from "../models/load.ts";
import { hashWeights } from "../models/weights-hash.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { openOffset, type SteeringMeasures, writeOffset } from "../steering/index.ts";
import { hashVocabulary } from "../steering/vocabulary.ts";
import { loadTokenizer } from "../text/index.ts";
import { type TrainConfig, trainConfig } from "../unlearning/config.ts";
import { context } from "../unlearning/fixtures/taught-model.ts";
import { teach } from "../unlearning/teach.ts";
import { benchSteering } from "./bench-steering.ts";

const folder = mkdtempSync(join(tmpdir(), "lethe-bench-steering-"));
const at = (...parts: string[]) => join(folder, ...parts);
const data = at("data.jsonl");

/** A model that has hardly learned anything, and a run whose offset is it minus itself. */
beforeAll(async () => {
  const lines = ["Oslo", "Rome", "Lima"].map((town, i) => JSON.stringify({ question: `Where is ${i}?`, answer: town }));
  writeFileSync(data, lines.join("\n"));
  const model = { init: "random", config: tinyLlama, tokenizer: { vocabularySize: 280 } };
  const teaching = { model, data, training: { steps: 1, batchSize: 3, learningRate: 0.01 }, output: at("taught") };
  await teach(trainConfig.parse(teaching) as TrainConfig, "", context());
  const path = at("taught", "model");
  cpSync(path, at("run", "model"), { recursive: true });
  using backend = await createOrtBackend();
  using opened = loadModel(path, backend);
  const sha256 = await hashWeights(opened);
  const vocabulary = hashVocabulary(loadTokenizer(path));
  await writeOffset(at("run"), { alpha: 0.5, small: { path, sha256 }, model: { name: path, sha256 }, vocabulary });
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** The run again, with other models in its description. */
async function runOf(name: string, { small, model }: { readonly small?: string; readonly model?: string }) {
  const { alpha, vocabulary, ...models } = openOffset(at("run"));
  cpSync(at("run", "model"), at(name, "model"), { recursive: true });
  await writeOffset(at(name), {
    alpha,
    vocabulary,
    small: { ...models.small, path: small ?? models.frozen },
    model: model === undefined ? { ...models.model, path: models.steered } : { name: model },
  });
  return at(name);
}

/** The measures, and what is written for them. */
async function measured(options: { readonly offset?: string; readonly data?: string; readonly limit?: number }) {
  let found: object = {};
  let shown = "";
  await benchSteering({
    positional: ["steering"],
    options: { steps: 1, limit: 50, ...options },
    line: ["bench", "steering"],
    signal: new AbortController().signal,
    report: silent,
    width: 80,
    result: (value, text) => {
      found = value;
      shown = text();
    },
  });
  return { shown, found: found as SteeringMeasures & { questions: number } };
}

test("an offset that changes nothing: every answer is M's, chunks stand, and the table says so", async () => {
  const { found, shown } = await measured({ offset: at("run"), data });
  expect(found).toMatchObject({ questions: 3, alpha: 0.5, chunk: 16, sameByChunks: 1 });
  expect(found.cases.map(({ sameAsModel }) => sameAsModel)).toEqual([1, 1, 1]);
  const [alone, , chunked] = found.cases;
  expect(chunked?.tokensPerAnswer).toBe(alone?.tokensPerAnswer);
  expect(shown).toContain("α 0.5, 3 questions, greedy answers of up to 80 tokens");
  expect(shown).toContain("by chunks as token by token: 100 % of the answers");
});

test("no more records are asked than the limit", async () => {
  const { found } = await measured({ offset: at("run"), data, limit: 1 });
  expect(found.questions).toBe(1);
});

test("a run and a file belong together, and both must be there", async () => {
  const offset = at("run");
  await expect(measured({ offset })).rejects.toMatchObject({ place: { key: "--data" } });
  await expect(measured({ data })).rejects.toMatchObject({ place: { key: "--offset" } });
  await expect(measured({ offset: at("taught"), data })).rejects.toThrow("holds no offset");
  await expect(measured({ offset, data: at("none.jsonl") })).rejects.toThrow("none.jsonl");
  writeFileSync(at("texts.jsonl"), '{"text":"Ann went home."}');
  await expect(measured({ offset, data: at("texts.jsonl") })).rejects.toThrow("is a text without a question");
});

test("a small model of the hub is taken from there", async () => {
  vi.stubEnv("HF_HUB_CACHE", at("cache"));
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const [repository, commit] = [at("cache", "models--org--small"), "0123456789".repeat(4)];
  mkdirSync(join(repository, "refs"), { recursive: true });
  writeFileSync(join(repository, "refs", "main"), commit);
  cpSync(at("taught", "model"), join(repository, "snapshots", commit), { recursive: true });
  const { found } = await measured({ offset: await runOf("from-hub", { small: "org/small" }), data, limit: 1 });
  expect(found.cases.map(({ sameAsModel }) => sameAsModel)).toEqual([1, 1, 1]);
});

test("a model that was behind an address has no weights to measure here, whatever its name there", async () => {
  const offset = await runOf("from-address", { model: "served" });
  await expect(measured({ offset, data })).rejects.toMatchObject({
    message: expect.stringContaining('"served", which'),
    place: { key: "--offset" },
  });
});
