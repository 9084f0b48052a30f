// Decoding with a cache computes what whole forward passes compute, for every architecture, whatever the other rows are and whichever leave.

import { afterAll, expect, test } from "vitest";
import { ModelError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { addLora } from "../models/lora.ts";
import type { Model } from "../models/model.ts";
import type { Backend, Value } from "../runtime/backend.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { createReferenceBackend } from "../runtime/reference/index.ts";
import { createDecoder } from "./decoder.ts";
import { mixedPrompts, type TinyConfig, tinyConfigs, tinyModel, uncachedLogits } from "./fixtures/tiny-models.ts";
import { bucket, bucketPositions } from "./kv-cache.ts";
import { mostLikely } from "./sampler.ts";

const ort = await createOrtBackend();
afterAll(() => ort.dispose());

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] as number))), 0);

/** Greedy steps with rows leaving on the way; every row's logits are compared with a whole forward pass at every step. */
async function expectSameAsUncached(
  model: Model,
  lengths: readonly number[],
  leaving: Record<number, number[]>,
  options = {},
) {
  using decoder = createDecoder(model, options);
  let texts = mixedPrompts(lengths).map((prompt) => [...prompt]);
  using batch = await decoder.begin(
    texts.map((ids) => Int32Array.from(ids)),
    { positions: 24, output: "logits" },
  );
  for (let step = 0; step < 8; step++) {
    const logits = await batch.logits();
    expect(logits.length).toBe(texts.length);
    for (const [row, ids] of texts.entries()) {
      const expected = await uncachedLogits(model, Int32Array.from(ids));
      expect(largestDifference(logits[row] as Float32Array, expected), `step ${step}, row ${row}`).toBeLessThan(2e-4);
      ids.push(mostLikely(expected));
    }
    const kept = leaving[step];
    if (kept) {
      await batch.keep(kept);
      texts = kept.map((row) => texts[row] as number[]);
    }
    await batch.step(texts.map((ids) => ids.at(-1) as number));
  }
}

const someLeave = { 1: [0, 2, 3, 4], 3: [3, 1], 5: [1] };

test.each(Object.keys(tinyConfigs) as TinyConfig[])("cached equals uncached: %s", async (name) => {
  using model = tinyModel(name, ort);
  await expectSameAsUncached(model, [7, 1, 9, 3, 8], someLeave);
});

test("cached equals uncached on the reference backend too", async () => {
  using backend: Backend = createReferenceBackend();
  using model = tinyModel("qwen3, norms on heads, head size 12", backend);
  await expectSameAsUncached(model, [3, 1, 9], { 1: [2, 0] });
});

test("cached equals uncached with LoRA beside some layers", async () => {
  using model = tinyModel("llama, head size 8, grouped, untied", ort);
  const added = addLora(model, { rank: 4, alpha: 8, targets: ["q_proj", "down_proj"], layers: [1] }, createRandom(5));
  const random = createRandom(6);
  const plain = await uncachedLogits(model, Int32Array.of(1, 2, 3));
  for (const name of added.filter((name) => name.includes("lora_B"))) {
    const value = model.weights.get(name);
    if (value)
      await ort.write(
        value,
        Float32Array.from({ length: value.byteLength / 4 }, () => 0.3 * random.normal()),
      );
  }
  expect(largestDifference(plain, await uncachedLogits(model, Int32Array.of(1, 2, 3)))).toBeGreaterThan(0.1);
  await expectSameAsUncached(model, [7, 1, 9, 3, 8], someLeave);
});

test.each([0, 9000, 2 ** 30])(
  "cached equals uncached with bfloat16 weights and %d bytes to widen them",
  async (wideBytes) => {
    using model = tinyModel("llama, head size 16, every head its own keys, tied, biases", ort);
    for (const [name, value] of model.weights) {
      const wide = new Uint32Array(((await ort.read(value)) as Float32Array).slice().buffer);
      const narrow = Uint16Array.from(wide, (bits) => bits >>> 16);
      model.weights.set(name, ort.value(narrow, value.shape, "bfloat16"));
    }
    await expectSameAsUncached(model, [7, 1, 9, 3, 8], someLeave, { wideBytes });
  },
);

test("the token output is the argmax of the logits output", async () => {
  using model = tinyModel("mistral, head size 4, all heads share one", ort);
  using decoder = createDecoder(model);
  const prompts = mixedPrompts([4, 6, 2]);
  using byToken = await decoder.begin(prompts);
  using byLogits = await decoder.begin(prompts, { output: "logits" });
  for (let step = 0; step < 5; step++) {
    const tokens = await byToken.tokens();
    expect([...tokens]).toEqual((await byLogits.logits()).map(mostLikely));
    await byToken.step(tokens);
    await byLogits.step(tokens);
  }
  await expect(byToken.logits()).rejects.toThrow('begun for output "token"');
});

test("weights that change between two batches are used as they are then", async () => {
  using model = tinyModel("llama, head size 8, grouped, untied", ort);
  using decoder = createDecoder(model);
  const prompt = Int32Array.of(4, 5, 6);
  using before = await decoder.begin([prompt], { output: "logits" });
  const name = "model.layers.1.mlp.down_proj.weight";
  const old = model.weights.get(name);
  if (!old) throw new Error("no such weight");
  model.weights.set(
    name,
    ort.value(
      ((await ort.read(old)) as Float32Array).map((x) => 2 * x),
      old.shape,
    ),
  );
  using after = await decoder.begin([prompt], { output: "logits" });
  const [[first], [second]] = [await before.logits(), await after.logits()] as [Float32Array[], Float32Array[]];
  expect(largestDifference(first as Float32Array, second as Float32Array)).toBeGreaterThan(1e-3);
  expect(largestDifference(second as Float32Array, await uncachedLogits(model, prompt))).toBeLessThan(2e-4);
});

test("prompts that the model cannot read are refused with their number", async () => {
  using model = tinyModel("llama, head size 8, grouped, untied", ort);
  using decoder = createDecoder(model);
  const fine = Int32Array.of(1);
  await expect(decoder.begin([fine, new Int32Array(49)])).rejects.toThrow(
    /prompt 2 of 2 has 49 tokens, .* knows 48 positions/,
  );
  await expect(decoder.begin([new Int32Array(0)])).rejects.toThrow("prompt 1 of 1 is empty");
  await expect(decoder.begin([fine, fine, Int32Array.of(3, 50)])).rejects.toThrow("prompt 3 of 3 has token 50");
  await expect(decoder.begin([Int32Array.of(-1)])).rejects.toThrow(ModelError);
});

test("a full cache is an error, not a write beyond it", async () => {
  using model = tinyModel("llama, head size 8, grouped, untied", ort);
  using decoder = createDecoder(model);
  using batch = await decoder.begin([new Int32Array(48)]);
  await expect(batch.step([1])).rejects.toThrow("row 0 is full: the cache has 48 positions");
});

test("buckets waste at most a third and never exceed the model", () => {
  expect([1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33].map(bucket)).toEqual([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]);
  for (let n = 2; n < 2000; n++) {
    expect(bucket(n)).toBeGreaterThanOrEqual(n);
    expect(n / bucket(n)).toBeGreaterThan(2 / 3 - 1e-9);
  }
  expect([1, 9, 40, 47, 300].map((n) => bucketPositions(n, 512))).toEqual([8, 16, 48, 48, 384]);
  expect(bucketPositions(50, 50)).toBe(50);
});

test("a batch that cannot have its memory gives back what it had got", async () => {
  using inner: Backend = createReferenceBackend();
  const living = new Set<object>();
  let [made, failAt] = [0, Number.POSITIVE_INFINITY];
  const counted = (make: () => Value): Value => {
    if (made++ === failAt) throw new Error("out of memory");
    const value = make();
    const end = value.dispose;
    const dispose = () => {
      living.delete(value);
      end();
    };
    living.add(value);
    return Object.assign(value, { dispose, [Symbol.dispose]: dispose });
  };
  const backend: Backend = Object.assign(Object.create(inner), {
    value: (...given: Parameters<Backend["value"]>) => counted(() => inner.value(...given)),
    allocate: (...given: Parameters<Backend["allocate"]>) => counted(() => inner.allocate(...given)),
  });
  using model = tinyModel("llama, head size 8, grouped, untied", backend);
  using decoder = createDecoder(model);
  const begin = () => decoder.begin([Int32Array.from([1, 2, 3])], { positions: 8 });
  const before = living.size;
  made = 0;
  (await begin()).dispose();
  const values = made;
  expect(values).toBeGreaterThan(6);
  for (failAt = 0; failAt < values; failAt++) {
    made = 0;
    await expect(begin()).rejects.toThrow("out of memory");
    expect(living.size, `after failing at value ${failAt}`).toBe(before);
  }
});
