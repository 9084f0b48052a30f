import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { ModelError } from "../core/errors.ts";
import type { JsonObject } from "../core/json-file.ts";
import { byteAlphabet } from "./byte-alphabet.ts";
import type { SpecialTokenFiles } from "./special-tokens.ts";
import { checkTokenizerFits, createTokenizer, loadTokenizer } from "./tokenizer.ts";
import { rewritePreTokenizer } from "./tokenizer-steps.ts";

interface RustTokenizer {
  encode(text: string): Promise<{ getIds(): number[] }>;
  decode(ids: number[], skipSpecialTokens: boolean): Promise<string>;
}
const require = createRequire(import.meta.url);
const rust = require("tokenizers") as { Tokenizer: { fromString(json: string): RustTokenizer } };

const noFiles: SpecialTokenFiles = { tokenizerConfig: {}, specialTokensMap: {}, config: {}, generationConfig: {} };
const folder = mkdtempSync(join(tmpdir(), "lethe-text-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A byte-level vocabulary with a few merges; ids 0 to 2 are special. */
function byteLevelJson(preTokenizer: unknown, changes: JsonObject = {}): JsonObject {
  const merges = ["' s", "Ġ Ġ", "a b", "Ġ a", "1 2", "Ġ 1", "! !", "c d", "ab cd", "â Ģ", "Â ħ", "Ï »", "ï »", "ï» ¿"];
  const tokens = ["<b>", "<e>", "<p>", ...byteAlphabet];
  for (const merge of merges) if (!tokens.includes(merge.replace(" ", ""))) tokens.push(merge.replace(" ", ""));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["<b>", "<e>", "<p>"].map((content, id) => ({
      id,
      content,
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
    ...changes,
  };
}

const byteLevel = (options: object = {}) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
  ...options,
});
const chain = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });
const plainBytes = byteLevel({ use_regex: false });

/** Characters on which JavaScript and Rust disagree about white space, digits, words or punctuation, among common ones. */
const troublesome = fc.string({
  unit: fc.constantFrom(..." \n\t\u0085\ufeff\u00a0\u2028abcd12'!.^_é٣½Ⅷ日😀\u200d\u0301", "'s", "<e>", "  "),
});
const anyText = fc.oneof(troublesome, fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, "\ufffd");

describe("ids equal those of the Rust implementation for", () => {
  const splitters: Record<string, unknown> = {
    "GPT-2's splitting": byteLevel(),
    "GPT-2's splitting with a space in front": byteLevel({ add_prefix_space: true }),
    "single digits": chain({ type: "Digits", individual_digits: true }, byteLevel()),
    "digit runs": chain({ type: "Digits", individual_digits: false }, plainBytes),
    punctuation: chain({ type: "Punctuation", behavior: "Isolated" }, plainBytes),
    "punctuation runs": chain({ type: "Punctuation", behavior: "Contiguous" }, plainBytes),
    "words and symbols": chain({ type: "Whitespace" }, plainBytes),
    "white space": chain({ type: "WhitespaceSplit" }, plainBytes),
    "a pattern": chain(
      {
        type: "Split",
        pattern: { Regex: "\\p{N}{1,3}|\\s+(?!\\S)|\\s+|[^\\s\\p{N}]+" },
        behavior: "Isolated",
        invert: false,
      },
      plainBytes,
    ),
    "a pattern that stays with what is before or after it, and runs of one": chain(
      { type: "Split", pattern: { Regex: "[b٣]|\\n" }, behavior: "MergedWithPrevious", invert: false },
      { type: "Split", pattern: { String: "'" }, behavior: "MergedWithNext", invert: false },
      { type: "Split", pattern: { Regex: "[ !]" }, behavior: "Contiguous", invert: false },
      plainBytes,
    ),
    metaspace: chain({ type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true }, plainBytes),
    "metaspace without splitting": chain(
      { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false },
      plainBytes,
    ),
  };
  for (const [name, splitter] of Object.entries(splitters)) {
    test(name, async () => {
      const json = byteLevelJson(splitter);
      const ours = createTokenizer(json, noFiles, "tokenizer.json");
      const theirs = rust.Tokenizer.fromString(JSON.stringify(json));
      await fc.assert(
        fc.asyncProperty(anyText, async (raw) => {
          const text = wellFormed(raw);
          const ids = (await theirs.encode(text)).getIds();
          expect(ours.encode(text)).toEqual(ids);
          expect(ours.decode(ids)).toBe(await theirs.decode(ids, false));
        }),
        { numRuns: 1000 },
      );
    });
  }
});

test("added tokens are found as the Rust implementation finds them", async () => {
  const flags = fc.record({
    single_word: fc.boolean(),
    lstrip: fc.boolean(),
    rstrip: fc.boolean(),
    normalized: fc.boolean(),
  });
  const normalizers = [
    null,
    { type: "Prepend", prepend: "▁" },
    { type: "Replace", pattern: { String: " " }, content: "▁" },
  ];
  const text = fc.string({ unit: fc.constantFrom("<x>", "<xy>", "<x", "word", "a", "_", "𝐀", " ", "▁", "\n", "é") });
  const anyCase = fc.tuple(
    fc.constantFrom(...normalizers),
    flags,
    flags,
    fc.array(text, { minLength: 8, maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(anyCase, async ([normalizer, one, two, texts]) => {
      const added_tokens = [
        { id: 0, content: "<x>", special: true, ...one },
        { id: 1, content: "<xy>", special: false, ...two },
        { id: 2, content: "word", special: false, ...two },
      ];
      const plain = byteLevelJson(plainBytes);
      const text = JSON.stringify({ ...plain, normalizer, added_tokens })
        .replace('"<b>":0', '"<x>":0')
        .replace('"<e>":1', '"<xy>":1')
        .replace('"<p>":2', '"word":2');
      const json = JSON.parse(text) as JsonObject;
      const ours = createTokenizer(json, noFiles, "tokenizer.json");
      const theirs = rust.Tokenizer.fromString(JSON.stringify(json));
      for (const input of texts) expect(ours.encode(input)).toEqual((await theirs.encode(input)).getIds());
    }),
    { numRuns: 500 },
  );
});

test("byte-level text survives encoding and decoding, and lone surrogates become U+FFFD", () => {
  const tokenizer = createTokenizer(byteLevelJson(byteLevel()), noFiles, "tokenizer.json");
  fc.assert(
    fc.property(anyText, (text) => tokenizer.decode(tokenizer.encode(text)) === wellFormed(text)),
    { numRuns: 2000 },
  );
  expect(tokenizer.decode(tokenizer.encode("a\ud800b"))).toBe("a\ufffdb");
});

test("special tokens come from tokenizer_config.json, then special_tokens_map.json, then the models' ids", () => {
  const create = (files: Partial<SpecialTokenFiles>) =>
    createTokenizer(byteLevelJson(byteLevel()), { ...noFiles, ...files }, "tokenizer.json");
  const all = create({
    tokenizerConfig: { bos_token: { content: "<b>" } },
    specialTokensMap: { bos_token: "<p>", eos_token: "<e>" },
    config: { pad_token_id: 2, eos_token_id: 7 },
    generationConfig: { eos_token_id: [1, 9] },
  });
  expect([all.bosId, all.eosId, all.padId]).toEqual([0, 1, 2]);
  expect(all.endIds).toEqual([1, 9]);
  expect([...all.specialIds]).toEqual([0, 1, 2]);
  expect(all.addsBos).toBe(false);
  const none = create({});
  expect([none.bosId, none.eosId, none.padId]).toEqual([undefined, undefined, undefined]);
});

test("decode leaves out ids that are no token, and special ones on request", () => {
  const tokenizer = createTokenizer(byteLevelJson(byteLevel()), noFiles, "tokenizer.json");
  const ids = [0, ...tokenizer.encode("abc"), 99_999, 1];
  expect(tokenizer.decode(ids)).toBe("<b>abc<e>");
  expect(tokenizer.decode(Int32Array.from(ids), { skipSpecialTokens: true })).toBe("abc");
  expect(tokenizer.decode([])).toBe("");
  expect(tokenizer.tokenOf(tokenizer.idOf("abcd") as number)).toBe("abcd");
});

test("a Llama tokenizer's add_bos_token decides, whatever the post-processor says", () => {
  const postProcessor = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<b>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "<b>": { id: "<b>", ids: [0], tokens: ["<b>"] } },
  };
  const json = byteLevelJson(byteLevel(), { post_processor: postProcessor });
  const create = (config: JsonObject) =>
    createTokenizer(json, { ...noFiles, tokenizerConfig: { bos_token: "<b>", eos_token: "<e>", ...config } }, "t");
  expect(create({}).addsBos).toBe(true);
  expect(create({ tokenizer_class: "LlamaTokenizer", add_bos_token: false }).encode("a")).toHaveLength(1);
  const both = create({ tokenizer_class: "LlamaTokenizerFast", add_bos_token: true, add_eos_token: true });
  expect([both.addsBos, both.addsEos]).toEqual([true, true]);
  expect(both.encode("ab", { addSpecialTokens: false })).toEqual([both.idOf("ab")]);
});

test("a tokenizer with more ids than the model has rows is reported with both numbers", () => {
  const tokenizer = createTokenizer(byteLevelJson(byteLevel()), noFiles, "tokenizer.json");
  expect(() => checkTokenizerFits(tokenizer, tokenizer.vocabularySize)).not.toThrow();
  expect(() => checkTokenizerFits(tokenizer, 100)).toThrow(/ids up to 27\d .* room for 100/);
});

test("splitting takes what follows the last match at once: a text without a space, as Gemma's all are, is searched once", () => {
  const node = { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false };
  const { pattern } = rewritePreTokenizer(node, (key) => {
    throw new Error(key);
  }) as { pattern: { Regex: string } };
  const pieces = (text: string) => text.match(new RegExp(pattern.Regex.replace("\\x{20}", " "), "gu"));
  expect(pieces("▁no▁space")).toEqual(["▁no▁space"]);
  expect(pieces("two spaces here")).toEqual(["two ", "spaces ", "here"]);
});

test("a word is remembered and a whole text is not: tokenizers that split none would keep ten thousand prompts", () => {
  const tokenizer = createTokenizer(byteLevelJson(null), noFiles, "tokenizer.json");
  const put = vi.spyOn(Map.prototype, "set");
  const [word, text] = ["abcd", "abcd ".repeat(20)];
  for (const each of [word, text]) tokenizer.encode(each);
  const kept = put.mock.calls.map(([key]) => key);
  put.mockRestore();
  expect(kept).toContain(word);
  expect(kept).not.toContain(text);
});

test("the mark of an image is no token of a model that has no row for it, as in Gemma 3's text models", () => {
  const json = byteLevelJson(byteLevel());
  const rows = createTokenizer(json, noFiles, "t").vocabularySize;
  const added = (content: string, id: number) => ({ id, content, special: true, normalized: false });
  const marked = { ...json, added_tokens: [...(json.added_tokens as object[]), added("<image>", rows)] };
  const create = (vocabularySize: number, changes: JsonObject = {}) => {
    const tokenizerConfig = { image_token: "<image>" };
    return createTokenizer(
      { ...marked, ...changes },
      { ...noFiles, tokenizerConfig, config: { vocab_size: vocabularySize } },
      "t",
    );
  };
  const text = create(rows);
  expect(() => checkTokenizerFits(text, rows)).not.toThrow();
  expect(text.idOf("<image>")).toBeUndefined();
  expect(text.decode(text.encode("a<image>b"))).toBe("a<image>b");
  expect(create(rows + 1).encode("<image>")).toEqual([rows]);
  const another = { added_tokens: [...marked.added_tokens, added("<|im_end|>", rows + 1)] };
  expect(() => checkTokenizerFits(create(rows, another), rows)).toThrow(/<\|im_end\|>/);
});

test("a missing tokenizer.json and unsupported parts are ModelErrors that name the part", () => {
  expect(() => loadTokenizer(folder)).toThrow(/no tokenizer.json/);
  const slow = mkdtempSync(join(folder, "slow-"));
  writeFileSync(join(slow, "vocab.json"), "{}");
  expect(() => loadTokenizer(slow)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/Only vocab.json/) }),
  );
  const create = (changes: JsonObject) => () =>
    createTokenizer(byteLevelJson(byteLevel(), changes), noFiles, "tokenizer.json");
  expect(create({ model: { type: "WordLevel", vocab: { a: 0 } } })).toThrow(/model.type.*WordLevel/);
  expect(create({ model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: ["a b"] } })).toThrow(/"ab", which is no token/);
  expect(create({ model: { type: "BPE", vocab: { a: -1 }, merges: [] } })).toThrow(/the id -1/);
  expect(create({ normalizer: { type: "Imaginary" } })).toThrow(ModelError);
  expect(create({ added_tokens: [{ content: "x" }] })).toThrow(/added_tokens/);
  expect(
    create({ pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithNext", invert: true } }),
  ).toThrow(/"MergedWithNext" and invert/);
});

test("mutated tokenizer files give a working tokenizer or a ModelError, never anything else", () => {
  const valid = byteLevelJson(chain({ type: "Digits", individual_digits: true }, byteLevel()), {
    normalizer: { type: "NFC" },
  });
  // A small vocabulary, so that mutations hit the structure rather than one of 280 ids.
  const small = { ...valid, model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] } };
  const text = JSON.stringify(small);
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, -1, 1e300, "", "Sequence", "Split", "ByteLevel", "Unigram", "WordPiece", [], {}, [[]]),
  );
  fc.assert(
    fc.property(fc.nat(), junk, fc.boolean(), (position, value, remove) => {
      const json = mutate(JSON.parse(text), position, value, remove) as JsonObject;
      try {
        const tokenizer = createTokenizer(json, noFiles, "tokenizer.json");
        tokenizer.decode(tokenizer.encode("ab a1 <e>"));
      } catch (error) {
        expect(error, String((error as Error).stack)).toBeInstanceOf(ModelError);
      }
    }),
    { numRuns: 3000 },
  );
});

test("whatever the files beside tokenizer.json hold, the tokenizer works or a ModelError says why not", () => {
  const json = byteLevelJson(byteLevel());
  const keys = fc.constantFrom(
    ...[
      "bos_token",
      "eos_token",
      "pad_token",
      "eos_token_id",
      "tokenizer_class",
      "add_bos_token",
      "add_eos_token",
      "x",
    ],
    "clean_up_tokenization_spaces",
  );
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("<b>", { content: "<e>" }, "LlamaTokenizer", true, [1, 2], -1),
  );
  const file = fc.dictionary(keys, value);
  const files = fc.record({ tokenizerConfig: file, specialTokensMap: file, config: file, generationConfig: file });
  fc.assert(
    fc.property(files, (contents) => {
      try {
        const tokenizer = createTokenizer(json, contents, "tokenizer.json");
        expect(tokenizer.decode(tokenizer.encode("ab"), { skipSpecialTokens: true })).toBe("ab");
        expect(tokenizer.endIds.every((id) => Number.isInteger(id) && id >= 0)).toBe(true);
      } catch (error) {
        expect(error, String((error as Error).stack)).toBeInstanceOf(ModelError);
      }
    }),
    { numRuns: 2000 },
  );
});

/** Replaces or removes the n-th value (depth first, modulo their number) of a JSON tree. */
function mutate(root: unknown, n: number, value: unknown, remove: boolean): unknown {
  const places: [Record<string, unknown>, string][] = [];
  const visit = (node: unknown) => {
    if (typeof node !== "object" || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const [parent, key] = places[n % places.length] as [Record<string, unknown>, string];
  if (!remove) parent[key] = value;
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return root;
}
