// Soft prompts: where their points lie, what the model sees of them, and that they change nothing else.

import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../../../core/random.ts";
import { tinyConfigs } from "../../../../generation/fixtures/tiny-models.ts";
import { createDecoder, generate } from "../../../../generation/index.ts";
import { initialiseModel } from "../../../../models/load.ts";
import { embeddingRows, withSoftTokens } from "../../../../models/soft-tokens.ts";
import { createOrtBackend, type OrtBackend } from "../../../../runtime/ort/index.ts";
import { sobolPoints } from "./sobol.ts";
import { createWriter, firstSentence, softInstructions, softModel, softOptions } from "./soft.ts";

let backend: OrtBackend;
beforeAll(async () => {
  backend = await createOrtBackend({ device: "cpu" });
});
afterAll(() => backend.dispose());

const tiny = (name: keyof typeof tinyConfigs) => initialiseModel(tinyConfigs[name], backend, createRandom(1));

test("Sobol's points are scipy's, in all sixteen dimensions", () => {
  // scipy 1.17.1: qmc.Sobol(16, scramble=False).random(8)
  const points = sobolPoints(8, 16);
  expect([...(points[0] as Float64Array)]).toEqual(Array(16).fill(0));
  expect([...(points[5] as Float64Array)]).toEqual([
    0.875, 0.875, 0.125, 0.375, 0.875, 0.625, 0.875, 0.375, 0.375, 0.125, 0.375, 0.875, 0.875, 0.125, 0.875, 0.375,
  ]);
  expect([...(points[7] as Float64Array)]).toEqual([
    0.125, 0.625, 0.375, 0.125, 0.125, 0.375, 0.625, 0.625, 0.625, 0.875, 0.625, 0.125, 0.625, 0.375, 0.125, 0.125,
  ]);
  // Point 1000: what a wrong direction number of a high bit would show.
  expect([...(sobolPoints(1001, 16)[1000] as Float64Array)]).toEqual([
    0.2197265625, 0.0966796875, 0.5185546875, 0.6767578125, 0.2802734375, 0.9072265625, 0.0458984375, 0.8994140625,
    0.5009765625, 0.0693359375, 0.0849609375, 0.2548828125, 0.1611328125, 0.3837890625, 0.1435546875, 0.3701171875,
  ]);
});

test("shifted points fill every dimension as evenly: one of 64 in each 64th", () => {
  const points = sobolPoints(64, 16, createRandom(3));
  for (let dimension = 0; dimension < 16; dimension++) {
    const cells = new Set(points.map((point) => Math.floor(64 * (point[dimension] as number))));
    expect(cells.size, `dimension ${dimension}`).toBe(64);
  }
});

test.each(["llama, head size 8, grouped, untied", "qwen2, biases on q, k, v, tied"] as const)(
  "a soft token with a word's vector is read as that word, and none is ever said: %s",
  async (name) => {
    using model = tiny(name);
    const { rows, width } = await embeddingRows(model);
    const words = [7, 31, 4];
    const vectors = Float32Array.from(words.flatMap((word) => [...rows.subarray(word * width, (word + 1) * width)]));
    using soft = await withSoftTokens(model, vectors);
    using plain = createDecoder(model);
    using decoder = createDecoder(soft);
    const options = { maxNewTokens: 12, temperature: 1, seed: 5 };
    const [asWords] = await generate(plain, [Int32Array.from([1, ...words])], options);
    const [asSoft] = await generate(decoder, [Int32Array.from([1, 50, 51, 52])], options);
    expect(asSoft?.ids).toEqual(asWords?.ids);
    await expect(generate(decoder, [Int32Array.of(53)], options)).rejects.toThrow(/token 53/);
    await expect(generate(plain, [Int32Array.of(50)], options)).rejects.toThrow(/token 50/);
  },
);

test("the vectors of soft prompts are as long as the model's own on average, and each prompt has others", async () => {
  using model = tiny("qwen2, biases on q, k, v, tied");
  const options = softOptions.parse({ points: 4, tokens: 3 });
  using soft = await softModel(model, options, createRandom(2));
  const { rows, width } = await embeddingRows(soft);
  const norm = (row: number) => Math.hypot(...rows.subarray(row * width, (row + 1) * width));
  const own = Array.from({ length: 50 }, (_, row) => norm(row));
  const mean = own.reduce((a, b) => a + b) / own.length;
  for (let row = 50; row < 62; row++) expect(norm(row)).toBeCloseTo(mean, 5);
  expect(rows.length).toBe(62 * width);
  expect(new Set(Array.from({ length: 12 }, (_, row) => rows[(50 + row) * width])).size).toBe(12);
});

test("where the model writes instructions, each soft prompt is written once and then asked as a question", async () => {
  using model = tiny("qwen2, biases on q, k, v, tied");
  const tokenizer = {
    bosId: 1,
    endIds: [] as number[],
    encode: (text: string) => [...text].map((letter) => letter.charCodeAt(0) % 50),
    decode: (ids: ArrayLike<number>) => `Say ${ids.length}. And more.`,
  };
  const session = { model, tokenizer, encoding: {} } as unknown as Parameters<typeof softInstructions>[1];
  const options = softOptions.parse({ points: 2, writes: "instruction", lead: "Do" });
  const [first, second] = softInstructions(options, session);
  expect(first?.ids).toEqual([50, 51, 52, 53, 54, 18, 11]);
  expect(second?.ids?.[0]).toBe(55);
  using soft = await softModel(model, options, createRandom(2));
  using decoder = createDecoder(soft);
  const write = createWriter(decoder, session, options);
  const question = { text: "Who?", form: "question", origin: "list" } as const;
  const asked = [first, question, first].flatMap((each) => each ?? []);
  const written = await write(asked);
  expect(written.map(({ form, origin }) => [form, origin])).toEqual([
    ["question", "soft"],
    ["question", "list"],
    ["question", "soft"],
  ]);
  expect(written[0]?.text).toMatch(/^Say \d+\.$/);
  expect((await write(asked))[0]).toBe(written[0]);
  const asText = createWriter(decoder, session, softOptions.parse({}));
  expect(await asText(asked)).toEqual(asked);
});

test("the first sentence of what was written is the instruction", () => {
  expect(firstSentence(" tell me all. Then stop.")).toBe("tell me all.");
  expect(firstSentence("name 3.5 things\nand more")).toBe("name 3.5 things");
  expect(firstSentence("  ")).toBe("");
});
