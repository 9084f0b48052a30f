// Two real models trained by others give the numbers of an independent float64 implementation: ids exactly, losses and logits to 1e-4,
// greedy text exactly, the latter generated with the cache.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { createDecoder, generate } from "../../src/generation/index.ts";
import { loadModel } from "../../src/models/load.ts";
import { createStageRunner } from "../../src/models/stage-runner.ts";
import { createOrtBackend } from "../../src/runtime/ort/index.ts";
import { checkTokenizerFits, loadTokenizer, type Tokenizer } from "../../src/text/index.ts";
import { convertLlama2c } from "./convert-llama2c.ts";

interface Golden {
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly token_nll: readonly number[];
  readonly mean_nll: number;
  readonly last_argmax: number;
  readonly last_top5: readonly (readonly [id: number, logit: number])[];
  /** Greedy continuation of "Once upon a time", these words included, as raw tokens. */
  readonly greedy: string;
}

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const present = existsSync(join(shared, "golden/language-models.json"));
const reason = present ? "" : " (skipped: the folder ../shared with real models is not there)";
const golden = (name: string): Golden =>
  JSON.parse(readFileSync(join(shared, "golden/language-models.json"), "utf8"))[name];

const temporary = mkdtempSync(join(tmpdir(), "lethe-language-models-"));
const backend = await createOrtBackend();
afterAll(() => {
  backend.dispose();
  rmSync(temporary, { recursive: true, force: true });
});

/** Tokens as they are in the vocabulary, spaces for "▁": bytes such as <0x0A> stay named, and the space before the first word stays. */
const rawText = (tokenizer: Tokenizer, ids: Iterable<number>) =>
  Array.from(ids, (id) => tokenizer.tokenOf(id)?.replaceAll("▁", " ")).join("");

const cases = [
  {
    name: "TinyStories-656K",
    folder: async () => join(shared, "models/TinyStories-656K"),
  },
  {
    name: "stories260K",
    folder: async () => {
      const target = join(temporary, "stories260K");
      const source = join(shared, "models/stories260K");
      if (!existsSync(target))
        await convertLlama2c(join(source, "stories260K.bin"), join(source, "tok512.bin"), target);
      return target;
    },
  },
];

describe.skipIf(!present).each(cases)(`$name${reason}`, ({ name, folder }) => {
  const expected = present ? golden(name) : ({} as Golden);
  const ids = Int32Array.from(expected.ids ?? []);

  test("token ids", async () => {
    const path = await folder();
    const tokenizer = loadTokenizer(path);
    using model = loadModel(path, backend);
    checkTokenizerFits(tokenizer, model.config.vocabularySize);
    expect(tokenizer.encode(expected.prompt)).toEqual(expected.ids);
  });

  test("loss of every token to 1e-4", async () => {
    using model = loadModel(await folder(), backend);
    const runner = createStageRunner(model);
    using pass = await runner.forward({ batch: 1, seq: ids.length, ids });
    const rows = Int32Array.from({ length: ids.length - 1 }, (_, i) => i);
    const { nll } = await runner.quantities(pass, { rows, labels: ids.slice(1) }, ["nll"]);
    const found = nll as Float32Array;
    expect(found.length).toBe(expected.token_nll.length);
    for (const [i, loss] of found.entries())
      expect(Math.abs(loss - (expected.token_nll[i] as number)), `token ${i + 1}`).toBeLessThan(1e-4);
    expect(Math.abs(found.reduce((a, b) => a + b, 0) / found.length - expected.mean_nll)).toBeLessThan(1e-4);
  });

  test("five largest logits after the prompt, to 1e-4", async () => {
    using model = loadModel(await folder(), backend);
    using decoder = createDecoder(model);
    using batch = await decoder.begin([ids], { output: "logits" });
    const [logits] = (await batch.logits()) as [Float32Array];
    const largest = [...logits.keys()].sort((a, b) => (logits[b] as number) - (logits[a] as number)).slice(0, 5);
    expect(largest).toEqual(expected.last_top5.map(([id]) => id));
    expect(largest[0]).toBe(expected.last_argmax);
    for (const [id, logit] of expected.last_top5)
      expect(Math.abs((logits[id] as number) - logit), `token ${id}`).toBeLessThan(1e-4);
  });

  test("greedy text, alone and in a batch with other prompts", async () => {
    const path = await folder();
    const tokenizer = loadTokenizer(path);
    using model = loadModel(path, backend);
    const opening = Int32Array.from(tokenizer.encode("Once upon a time"));
    const options = { maxNewTokens: 128, stopIds: tokenizer.endIds };
    const [alone] = await generate(model, [opening], options);
    const together = await generate(model, [ids, opening, ids.slice(0, 5), opening], options);
    expect([together[1], together[3]]).toEqual([alone, alone]);
    const text = [...opening.subarray(1), ...(alone?.ids ?? [])];
    // The golden text is cut after a number of tokens that it does not tell: one prefix of ours must be it.
    const prefixes = text.map((_, i) => rawText(tokenizer, text.slice(0, i + 1)));
    expect(prefixes.find((prefix) => prefix.length >= expected.greedy.length)).toBe(expected.greedy);
  });
});
