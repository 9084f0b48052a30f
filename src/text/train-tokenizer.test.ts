import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test, vi } from "vitest";
import { ConfigError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { loadTokenizer } from "./tokenizer.ts";
import { trainTokenizer } from "./train-tokenizer.ts";

const root = mkdtempSync(join(tmpdir(), "lethe-train-tokenizer-"));
afterAll(() => rmSync(root, { recursive: true }));

const random = createRandom(1);
const words = ["Once", "upon", "a", "time", "Lily", "won't", "remember", "1985", "naïve", "日本", "park", "\t", "12"];
const texts = Array.from({ length: 400 }, () => Array.from({ length: 12 }, () => random.pick(words)).join(" "));

const files = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];

test("the same texts give the same bytes, and a tokenizer that Rust and we read alike", async () => {
  const [first, second] = [join(root, "first"), join(root, "second")];
  const { vocabularySize } = await trainTokenizer(texts, first, { vocabularySize: 300 });
  await trainTokenizer(texts, second, { vocabularySize: 300 });
  expect(vocabularySize).toBe(300);
  for (const name of files) expect(readFileSync(join(first, name))).toEqual(readFileSync(join(second, name)));

  const ours = loadTokenizer(first);
  expect([ours.bosId, ours.eosId, ours.padId, ours.vocabularySize]).toEqual([0, 1, 2, 300]);
  expect([ours.addsBos, ours.addsEos]).toEqual([true, false]);
  const rust = createRequire(import.meta.url)("tokenizers") as {
    Tokenizer: { fromFile(path: string): { encode(text: string): Promise<{ getIds(): number[] }> } };
  };
  const theirs = rust.Tokenizer.fromFile(join(first, "tokenizer.json"));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom(...texts)), async (text) => {
      expect(ours.encode(text)).toEqual((await theirs.encode(text)).getIds());
    }),
    { numRuns: 500 },
  );
});

test("any Unicode text survives encoding and decoding, and every digit is a token of its own", async () => {
  const folder = join(root, "exact");
  await trainTokenizer(texts, folder, { vocabularySize: 400 });
  const tokenizer = loadTokenizer(folder);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
      const ids = tokenizer.encode(text);
      return tokenizer.decode(ids, { skipSpecialTokens: true }) === text.replace(/\p{Surrogate}/gu, "\ufffd");
    }),
    { numRuns: 2000 },
  );
  expect(tokenizer.encode("1985", { addSpecialTokens: false })).toHaveLength(4);
  expect(tokenizer.encode(" remember", { addSpecialTokens: false })).toHaveLength(1);
});

test("a smaller vocabulary is the beginning of a larger one, and a small text gives fewer tokens than asked for", async () => {
  const [small, large] = [join(root, "small"), join(root, "large")];
  await trainTokenizer(texts, small, { vocabularySize: 280 });
  const { vocabularySize } = await trainTokenizer(texts, large, { vocabularySize: 30_000 });
  expect(vocabularySize).toBeLessThan(1000);
  const [a, b] = [loadTokenizer(small), loadTokenizer(large)];
  for (let id = 0; id < 280; id++) expect(a.tokenOf(id)).toBe(b.tokenOf(id));
});

test("special tokens have the texts that were asked for and are never split", async () => {
  const folder = join(root, "special");
  const specialTokens = { begin: "[B]", end: "[E]", pad: "[P]" };
  await trainTokenizer([...texts, "[B] is text too"], folder, { vocabularySize: 270, specialTokens });
  const tokenizer = loadTokenizer(folder);
  expect(tokenizer.encode("a[E]")).toEqual([0, tokenizer.idOf("a"), 1]);
});

test("impossible sizes and equal special tokens are refused, and an abort leaves nothing behind", async () => {
  const folder = join(root, "refused");
  for (const vocabularySize of [259, 30_001, 300.5]) {
    await expect(trainTokenizer(texts, folder, { vocabularySize })).rejects.toThrow(ConfigError);
  }
  const specialTokens = { begin: "<s>", end: "<s>", pad: "<p>" };
  await expect(trainTokenizer(texts, folder, { vocabularySize: 300, specialTokens })).rejects.toThrow(/different/);

  const temporary = mkdtempSync(join(root, "temporary-"));
  vi.stubEnv("TMPDIR", temporary);
  const controller = new AbortController();
  const training = trainTokenizer(texts, folder, { vocabularySize: 300, signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await expect(training).rejects.toThrow(/abort/);
  expect(existsSync(folder)).toBe(false);
  expect(readdirSync(temporary)).toEqual([]);
  vi.unstubAllEnvs();
});
