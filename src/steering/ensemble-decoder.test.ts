// The decoder over three caches gives what the formula gives over whole forward passes, for many rows and several offsets at once.

import { afterAll, describe, expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { mixedPrompts, uncachedLogits } from "../generation/fixtures/tiny-models.ts";
import { createDecoder, type Decoder, generate } from "../generation/index.ts";
import { initialiseModel } from "../models/load.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { normalise } from "./ensemble.ts";
import { createEnsembleDecoder } from "./ensemble-decoder.ts";
import { tinyLlama } from "./fixtures/tiny-llama.ts";
import type { LogitSource } from "./logit-source.ts";
import { offsetOf } from "./offset-reader.ts";
import { decodeSpeculatively } from "./speculative.ts";

const ort = await createOrtBackend();
const decoders = new Map<string, Decoder>();
function decoder(name: string, config: object = tinyLlama): Decoder {
  const known = decoders.get(name);
  if (known) return known;
  const made = createDecoder(initialiseModel({ ...tinyLlama, ...config }, ort, createRandom(name), name));
  decoders.set(name, made);
  return made;
}
const large = () =>
  decoder("M", { hidden_size: 32, num_hidden_layers: 2, vocab_size: 56, max_position_embeddings: 48 });
const pairs = () => [
  { tuned: decoder("tuned 1"), frozen: decoder("frozen"), alpha: 0.8 },
  { tuned: decoder("tuned 2"), frozen: decoder("frozen"), alpha: -0.5 },
];
afterAll(() => {
  for (const { model, dispose } of decoders.values()) {
    dispose();
    model.dispose();
  }
  ort.dispose();
});

/** l_M + Σ α (l′ − l) by whole forward passes; M's vocabulary is padded, and what only it has a row for is forbidden. */
async function byFormula(ids: Int32Array): Promise<Float32Array> {
  const rows = await Promise.all(
    pairs().map(async ({ tuned, frozen, alpha }) => {
      const [after, before] = [await uncachedLogits(tuned.model, ids), await uncachedLogits(frozen.model, ids)];
      return after.map((x, id) => alpha * (x - (before[id] as number)));
    }),
  );
  return (await uncachedLogits(large().model, ids)).map((x, id) =>
    rows.reduce((sum, row) => sum + (row[id] ?? Number.NEGATIVE_INFINITY), x),
  );
}

async function greedyByFormula(prompt: Int32Array, tokens: number): Promise<number[]> {
  const ids = [...prompt];
  for (let i = 0; i < tokens; i++) {
    const logits = await byFormula(Int32Array.from(ids));
    ids.push(logits.indexOf(Math.max(...logits)));
  }
  return ids.slice(prompt.length);
}

const prompts = mixedPrompts([5, 2, 9]);

test("greedy text of a batch is that of the formula; both offsets are added", async () => {
  const found = await generate(createEnsembleDecoder(large(), pairs()), prompts, { maxNewTokens: 6 });
  for (const [i, { ids }] of found.entries()) {
    expect([...ids]).toEqual(await greedyByFormula(prompts[i] as Int32Array, 6));
  }
  const alone = await generate(large(), prompts, { maxNewTokens: 6 });
  expect(alone.map(({ ids }) => [...ids])).not.toEqual(found.map(({ ids }) => [...ids]));
});

test("with alpha 0, or with Mo′ = Mo, it is M to the last bit on the tokens that all know", async () => {
  const alone = createEnsembleDecoder(large(), []);
  for (const same of [
    { tuned: decoder("tuned 1"), frozen: decoder("frozen"), alpha: 0 },
    { tuned: decoder("frozen"), frozen: decoder("frozen"), alpha: 1 },
  ]) {
    using expected = await alone.begin(prompts, { output: "logits" });
    using found = await createEnsembleDecoder(large(), [same]).begin(prompts, { output: "logits", positions: 40 });
    expect((await found.logits()).map((row) => [...row.subarray(0, 50)])).toEqual(
      (await expected.logits()).map((row) => [...row.subarray(0, 50)]),
    );
  }
});

test("rows that join and leave, and a text read in pieces, give the formula's rows", async () => {
  const close = async (row: Float32Array, ids: readonly number[]) => {
    const expected = await byFormula(Int32Array.from(ids));
    expect([...row.subarray(0, 50)]).toEqual([...expected.subarray(0, 50)].map((x) => expect.closeTo(x, 3)));
  };
  const ensemble = createEnsembleDecoder(large(), pairs());
  using batch = ensemble.beginRunning({ rows: 3 });
  const [a, b] = [[...(prompts[0] as Int32Array)], [...(prompts[1] as Int32Array)]];
  await close(await batch.join(Int32Array.from(a)), a);
  await close(await batch.join(Int32Array.from(b)), b);
  a.push(7);
  b.push(8);
  const rows = await batch.step([7, 8]);
  await close(rows[0] as Float32Array, a);
  await close(rows[1] as Float32Array, b);
  batch.leave(0);
  b.push(9);
  const [left] = await batch.step([9]);
  await close(left as Float32Array, b);
  await expect(batch.join(Int32Array.of(1, 99))).rejects.toThrow(/token 99/);
  // 53 is padding that only M has a row for: M has read it when the next model refuses.
  await expect(batch.join(Int32Array.of(1, 53))).rejects.toThrow(/token 53/);
  expect(batch.rows).toBe(1);

  using reader = ensemble.reader(40);
  const said = await reader.read(Int32Array.from(b), 2);
  await close(said.subarray(0, 56), b.slice(0, -1));
  await close(said.subarray(56), b);
});

describe("the context is the smallest of all", () => {
  test("generation ends there", async () => {
    const [{ ids, finish }] = (await generate(createEnsembleDecoder(large(), pairs()), mixedPrompts([36]), {})) as [
      { ids: Int32Array; finish: string },
    ];
    expect([ids.length, finish]).toEqual([5, "length"]);
  });

  test("a longer prompt is refused with both limits", async () => {
    const batch = createEnsembleDecoder(large(), pairs()).begin(mixedPrompts([41]));
    await expect(batch).rejects.toThrow(/41 tokens; M knows 48 positions, the models that steer it 40/);
  });
});

test("speculation over real models gives the text of the formula, and says what a request was worth", async () => {
  const prompt = prompts[0] as Int32Array;
  const source: LogitSource = {
    name: "M",
    rowKind: "full",
    vocabularySize: 56,
    contextLength: 48,
    rows: () => Promise.reject(new Error("not asked")),
    async propose({ ids, tokens }) {
      const text = [...ids];
      const rows = [];
      for (let i = 0; i < tokens; i++) {
        const logits = normalise(await uncachedLogits(large().model, Int32Array.from(text)));
        rows.push({ kind: "full", logits } as const);
        text.push(logits.indexOf(Math.max(...logits)));
      }
      return { tokens: Int32Array.from(text.slice(ids.length)), rows };
    },
    dispose: () => {},
    [Symbol.dispose]: () => {},
  };
  for (const chunk of [1, 4]) {
    const counted = { requests: 0, proposed: 0, accepted: 0 };
    const found: number[] = [];
    const options = { chunk, maxNewTokens: 8, seed: 0, stopIds: new Set<number>() };
    for await (const { id } of decodeSpeculatively(source, offsetOf(pairs()), prompt, options, counted)) found.push(id);
    expect(found).toEqual(await greedyByFormula(prompt, 8));
    expect(counted.proposed).toBeGreaterThanOrEqual(counted.requests);
  }
});
