// A text read in pieces gives the logits of whole forward passes, for every architecture, wherever the pieces end and however often it goes back.

import { afterAll, expect, test } from "vitest";
import type { Backend } from "../runtime/backend.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { createReferenceBackend } from "../runtime/reference/index.ts";
import { createDecoder } from "./decoder.ts";
import { mixedPrompts, type TinyConfig, tinyConfigs, tinyModel, uncachedLogits } from "./fixtures/tiny-models.ts";

const ort = await createOrtBackend();
afterAll(() => ort.dispose());

const [text, other] = mixedPrompts([48, 9]) as [Int32Array, Int32Array];

// One of each way to know positions; the blocks' other differences are decoder.test.ts's.
const byPositions = Object.keys(tinyConfigs).filter((name) =>
  /grouped, untied|window of 5|base|gpt2|quarter|opt/.test(name),
);

test.each(byPositions as TinyConfig[])("pieces equal the whole: %s", async (name) => {
  using model = tinyModel(name, ort);
  using decoder = createDecoder(model);
  using reader = decoder.reader(48);
  const expectRows = async (rows: Float32Array, ids: Int32Array, count: number) => {
    for (let row = 0; row < count; row++) {
      const whole = await uncachedLogits(model, ids.slice(0, ids.length - count + row + 1));
      const found = rows.subarray(row * 50, (row + 1) * 50);
      const apart = whole.reduce((most, x, i) => Math.max(most, Math.abs(x - (found[i] as number))), 0);
      expect(apart, `row ${row} of ${count} after ${ids.length} tokens`).toBeLessThan(2e-4);
    }
  };
  await expectRows(await reader.read(text.slice(0, 7), 1), text.slice(0, 7), 1);
  await expectRows(await reader.read(text.slice(7, 12), 2), text.slice(0, 12), 2);
  await expectRows(await reader.read(text.slice(12, 13), 1), text.slice(0, 13), 1);
  reader.rewind(9);
  const another = Int32Array.from([...text.slice(0, 9), ...other]);
  await expectRows(await reader.read(other, 2), another, 2);
  // To the last position: no padding fits any more.
  reader.rewind(5);
  await expectRows(await reader.read(text.slice(5), 3), text, 3);
  expect(reader.length).toBe(48);
});

test("pieces equal the whole on the reference backend too", async () => {
  using backend = createReferenceBackend();
  using model = tinyModel("qwen3, norms on heads, head size 12", backend);
  using decoder = createDecoder(model);
  using reader = decoder.reader(16);
  await reader.read(text.slice(0, 5), 0);
  const rows = await reader.read(text.slice(5, 8), 1);
  const whole = await uncachedLogits(model, text.slice(0, 8));
  whole.forEach((x, i) => {
    expect(rows[i]).toBeCloseTo(x, 5);
  });
});

test("texts of all lengths are read by the same few programs", async () => {
  let compiled = 0;
  const counting: Backend = {
    ...ort,
    compile: (graph) => {
      compiled++;
      return ort.compile(graph);
    },
  };
  using model = tinyModel("llama, head size 8, grouped, untied", counting);
  using decoder = createDecoder(model);
  const readTo = async (length: number) => {
    using reader = decoder.reader(48);
    await reader.read(text.slice(0, length), 0);
  };
  for (const length of [33, 34, 36, 40, 48]) await readTo(length);
  const before = compiled;
  for (let length = 34; length < 48; length++) await readTo(length);
  expect(compiled).toBe(before);
});

test("more than fits, or going back further than was read, is a mistake that is named", async () => {
  using model = tinyModel("llama, head size 8, grouped, untied", ort);
  using decoder = createDecoder(model);
  using reader = decoder.reader(16);
  await expect(reader.read(text.slice(0, 17), 1)).rejects.toThrow(/do not fit into 16 positions/);
  expect(() => reader.rewind(1)).toThrow(/0 tokens were read/);
});
