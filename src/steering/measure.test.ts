// What steering costs and changes, over tiny random models: the counts, which do not depend on the machine.

import { afterAll, expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { createDecoder, type Decoder, generate } from "../generation/index.ts";
import { initialiseModel } from "../models/load.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { tinyLlama } from "./fixtures/tiny-llama.ts";
import { createLocalSource } from "./local-source.ts";
import { measureSteering } from "./measure.ts";

const ort = await createOrtBackend();
const opened: Decoder[] = [];
function open(seed: string, changes: object = {}): Decoder {
  const decoder = createDecoder(initialiseModel({ ...tinyLlama, ...changes }, ort, createRandom(seed), seed));
  opened.push(decoder);
  return decoder;
}
const model = open("M");
const source = createLocalSource(model.model);
const [frozen, tuned] = [open("Mo"), open("Mo′")];
afterAll(() => {
  source.dispose();
  for (const decoder of opened) {
    decoder.dispose();
    decoder.model.dispose();
  }
  ort.dispose();
});
const prompts = [Int32Array.of(1, 2, 3), Int32Array.of(4, 5, 6, 7, 8)];
const options = { rounds: 1, maxNewTokens: 20, chunk: 4 };

test("an offset that changes nothing leaves every answer M's, and every request gives its whole chunk", async () => {
  const steered = { model, source, pairs: [{ frozen, tuned: frozen, alpha: 1 }] };
  const measured = await measureSteering(steered, prompts, options);
  expect(measured.cases.map(({ sameAsModel, tokensPerAnswer }) => [sameAsModel, tokensPerAnswer])).toEqual([
    [1, 20],
    [1, 20],
    [1, 20],
  ]);
  expect(measured).toMatchObject({ acceptedPerRequest: 4, requestsPerAnswer: 5, requestsPerToken: 0.25 });
});

test("an offset that changes answers is counted, in chunks as token by token", async () => {
  const steered = { model, source, pairs: [{ frozen, tuned, alpha: 1 }] };
  const measured = await measureSteering(steered, prompts, options);
  expect(measured.cases.map(({ sameAsModel }) => sameAsModel)).toEqual([1, 0, 0]);
  expect(measured.sameByChunks).toBe(1);
  expect(measured.acceptedPerRequest).toBeLessThan(4);
  expect(measured.requestsPerAnswer).toBeGreaterThan(5);
});

test("answers of unequal lengths count by their tokens: every number is over all of them, not a mean of each answer's own", async () => {
  const { maxNewTokens, chunk } = options;
  const alone = await generate(model, prompts, { maxNewTokens });
  const lengthsTo = (end: number) => alone.map(({ ids }) => (ids.includes(end) ? ids.indexOf(end) + 1 : maxNewTokens));
  /** Ends the answers in different places of a chunk. */
  const end = [...Array(tinyLlama.vocab_size).keys()].find(
    (id) => new Set(lengthsTo(id).map((length) => length % chunk)).size > 1,
  ) as number;
  const lengths = lengthsTo(end);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const requests = lengths.reduce((sum, length) => sum + Math.ceil(length / chunk), 0);
  const steered = { model, source, pairs: [{ frozen, tuned: frozen, alpha: 1 }] };
  const measured = await measureSteering(steered, prompts, { ...options, rounds: 2, stopIds: new Set([end]) });
  expect(measured.cases.map(({ tokensPerAnswer }) => tokensPerAnswer)).toEqual(Array(3).fill(tokens / 2));
  expect(measured).toMatchObject({
    acceptedPerRequest: tokens / requests,
    requestsPerAnswer: requests / 2,
    requestsPerToken: requests / tokens,
  });
});

test("an answer's length counts the token that ends it, and its room ends with the shorter context", async () => {
  const all = { model, source, pairs: [{ frozen, tuned: frozen, alpha: 1 }] };
  const ended = await measureSteering(all, prompts, { ...options, stopIds: new Set(Array(50).keys()) });
  expect(ended.cases.map(({ tokensPerAnswer }) => tokensPerAnswer)).toEqual([1, 1, 1]);
  const short = open("short", { max_position_embeddings: 8 });
  const pairs = [{ frozen: short, tuned: short, alpha: 1 }];
  const cut = await measureSteering({ model, source, pairs }, prompts, options);
  expect(cut.cases.map(({ tokensPerAnswer }) => tokensPerAnswer)).toEqual([4, 4, 4]);
  const long = [...prompts, new Int32Array(8)];
  await expect(measureSteering({ model, source, pairs }, long, options)).rejects.toThrow(
    /a question has 8 tokens; .* reads 40, the models that steer it 8/,
  );
});
