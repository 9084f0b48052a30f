// Rows that join and leave a running batch compute what whole forward passes compute, whoever else is there.

import { afterAll, expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { createDecoder } from "./decoder.ts";
import { mixedPrompts, type TinyConfig, tinyModel, uncachedLogits } from "./fixtures/tiny-models.ts";
import { mostLikely } from "./sampler.ts";

const ort = await createOrtBackend();
afterAll(() => ort.dispose());

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] as number))), 0);

const kinds: TinyConfig[] = [
  "llama, head size 8, grouped, untied",
  "gemma2, a window of 5 in one of two layers, soft caps",
  "gpt2, learned positions, weights [in, out]",
  "qwen3, norms on heads, head size 12",
];

test.each(kinds)("joining and leaving changes nobody's logits: %s", async (name) => {
  using model = tinyModel(name, ort);
  using decoder = createDecoder(model);
  using batch = decoder.beginRunning({ rows: 5, positions: 30 });
  const random = createRandom(name);
  const waiting = mixedPrompts([7, 1, 9, 3, 8, 2, 5]).map((prompt) => [...prompt]);
  const rows: number[][] = [];
  const check = async (row: number[], found: Float32Array) => {
    const expected = await uncachedLogits(model, Int32Array.from(row));
    expect(largestDifference(found, expected)).toBeLessThan(2e-4);
    row.push(mostLikely(expected));
  };
  for (let step = 0; step < 10; step++) {
    for (let joining = random.integer(3); joining > 0 && rows.length < 5 && waiting.length > 0; joining--) {
      const row = waiting.pop() as number[];
      rows.push(row);
      await check(row, await batch.join(Int32Array.from(row)));
    }
    if (rows.length > 1 && step % 2 === 1) {
      const leaving = random.integer(rows.length);
      batch.leave(leaving);
      const last = rows.pop() as number[];
      if (leaving < rows.length) rows[leaving] = last;
    }
    if (rows.length === 0) continue;
    const tokens = rows.map((row) => row.at(-1) as number);
    const logits = await batch.step(tokens);
    expect(logits.length).toBe(rows.length);
    for (const [i, row] of rows.entries()) await check(row, logits[i] as Float32Array);
  }
});

test("the most likely tokens are those of the logits", async () => {
  using model = tinyModel("qwen3, norms on heads, head size 12", ort);
  using decoder = createDecoder(model);
  using one = decoder.beginRunning({ rows: 3 });
  using other = decoder.beginRunning({ rows: 3 });
  for (const prompt of mixedPrompts([4, 2, 6])) for (const batch of [one, other]) await batch.join(prompt);
  const tokens = [5, 6, 7];
  expect([...(await one.stepToLikeliest(tokens))]).toEqual((await other.step(tokens)).map(mostLikely));
});

test("a row more than there is room for, and one past its positions, are refused", async () => {
  using model = tinyModel("llama, head size 8, grouped, untied", ort);
  using decoder = createDecoder(model);
  using batch = decoder.beginRunning({ rows: 1, positions: 8 });
  await batch.join(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  await expect(batch.join(Int32Array.of(1))).rejects.toThrow("the batch has 1 rows, and no more fit");
  await expect(batch.step([1])).rejects.toThrow("row 0 is full");
});
