// Trains a byte-level BPE tokenizer with the optional `tokenizers` package and writes it as a Hugging Face folder has it. Any Unicode text
// survives encoding and decoding unchanged. Knows nothing of models.

import { execFile } from "node:child_process";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, ModelError } from "../core/errors.ts";
import { explainFileFailure, writeFileAtomic } from "../core/files.ts";
import { byteAlphabet } from "./byte-alphabet.ts";

export interface TrainTokenizerOptions {
  /** Tokens in all: the special ones, the 256 bytes, and merges. 260 to 30,000. */
  readonly vocabularySize: number;
  /** Texts of the special tokens; they get the ids 0, 1 and 2. `begin` is put before every text. */
  readonly specialTokens?: { readonly begin: string; readonly end: string; readonly pad: string };
  readonly signal?: AbortSignal | undefined;
}

export interface TrainedTokenizer {
  /** Fewer than asked for when the text has no more pairs to merge. */
  readonly vocabularySize: number;
}

type Merge = readonly [string, string];

/** The trainer that the package offers stops here, and offers no setting. */
const trainerLimit = 30_000;

/**
 * Learns merges from `texts` and writes tokenizer.json, tokenizer_config.json and special_tokens_map.json into `folder`. The same texts
 * give the same bytes. Digits stand alone, words keep the space before them (GPT-2's splitting).
 * @throws ConfigError for sizes outside the range or equal special tokens; ModelError when the `tokenizers` package is missing or fails;
 * FileError when a file cannot be written; the signal's reason when aborted.
 */
export async function trainTokenizer(
  texts: Iterable<string>,
  folder: string,
  { vocabularySize, specialTokens, signal }: TrainTokenizerOptions,
): Promise<TrainedTokenizer> {
  const { begin, end, pad } = specialTokens ?? { begin: "<|begin|>", end: "<|end|>", pad: "<|pad|>" };
  const special = [begin, end, pad];
  const smallest = special.length + byteAlphabet.length + 1;
  if (!Number.isInteger(vocabularySize) || vocabularySize < smallest || vocabularySize > trainerLimit) {
    throw new ConfigError(
      `a tokenizer of ${vocabularySize} tokens cannot be trained; ${smallest} to ${trainerLimit} can`,
      {
        place: { key: "vocabularySize" },
      },
    );
  }
  if (new Set(special).size < special.length || special.includes("")) {
    throw new ConfigError(`special tokens must be three different texts, got ${JSON.stringify(special)}`);
  }
  const merges = await learnMerges(texts, signal);
  const { vocabulary, used } = buildVocabulary(special, merges, vocabularySize);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await writeFileAtomic(join(folder, "tokenizer.json"), json(tokenizerJson(special, vocabulary, used)));
  const roles = { bos_token: begin, eos_token: end, pad_token: pad };
  await writeFileAtomic(
    join(folder, "tokenizer_config.json"),
    json({ tokenizer_class: "PreTrainedTokenizerFast", ...roles, clean_up_tokenization_spaces: false }),
  );
  await writeFileAtomic(join(folder, "special_tokens_map.json"), json(roles));
  return { vocabularySize: vocabulary.size };
}

/** Special tokens, bytes, then merged tokens in the order learnt, up to `size`. BPE is greedy: a smaller vocabulary is a prefix of a larger. */
function buildVocabulary(
  special: readonly string[],
  merges: readonly Merge[],
  size: number,
): { readonly vocabulary: ReadonlyMap<string, number>; readonly used: readonly Merge[] } {
  const vocabulary = new Map([...special, ...byteAlphabet].map((token, id) => [token, id]));
  const used: Merge[] = [];
  for (const merge of merges) {
    const token = merge[0] + merge[1];
    if (!vocabulary.has(token)) {
      if (vocabulary.size === size) break;
      vocabulary.set(token, vocabulary.size);
    }
    used.push(merge);
  }
  return { vocabulary, used };
}

const preTokenizer = {
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: "\\p{N}" }, behavior: "Isolated", invert: false },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  ],
};

function tokenizerJson(
  special: readonly string[],
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly Merge[],
): object {
  const begin = special[0] as string;
  const beginStep = { SpecialToken: { id: begin, type_id: 0 } };
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: {
      type: "TemplateProcessing",
      single: [beginStep, sequence("A", 0)],
      pair: [beginStep, sequence("A", 0), sequence("B", 1)],
      special_tokens: { [begin]: { id: begin, ids: [0], tokens: [begin] } },
    },
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
      vocab: Object.fromEntries(vocabulary),
      merges,
    },
  };
}

/** Runs in a process of its own: the trainer blocks, cannot be stopped, and prints blank lines to stdout. */
const trainerProgram = `
const { library, definition, text, output } = JSON.parse(process.argv[1]);
const { Tokenizer } = require(library);
const tokenizer = Tokenizer.fromString(definition);
tokenizer.train([text]);
tokenizer.save(output);
`;

/** The system's error numbers, as the trainer prints them, of a disk that takes no more. */
const diskFailures: Readonly<Record<string, string>> = { "27": "EFBIG", "28": "ENOSPC", "122": "EDQUOT" };

async function learnMerges(texts: Iterable<string>, signal: AbortSignal | undefined): Promise<readonly Merge[]> {
  const library = findLibrary();
  const folder = await mkdtemp(join(tmpdir(), "lethe-tokenizer-"));
  try {
    const text = join(folder, "text.txt");
    const output = join(folder, "tokenizer.json");
    await writeTexts(text, texts, signal);
    const model = { type: "BPE", vocab: {}, merges: [] };
    const definition = JSON.stringify({ version: "1.0", added_tokens: [], pre_tokenizer: preTokenizer, model });
    const job = JSON.stringify({ library, definition, text, output });
    await new Promise<void>((done, failed) => {
      execFile(
        process.execPath,
        ["-e", trainerProgram, job],
        { maxBuffer: Number.POSITIVE_INFINITY, ...(signal ? { signal } : {}) },
        (error, _, stderr) => {
          if (!error) return done();
          const code = diskFailures[/os error (\d+)/.exec(stderr)?.[1] ?? ""];
          if (code) return failed(Object.assign(new Error(lastLines(stderr)), { code }));
          failed(
            new ModelError(`the tokenizers package failed: ${lastLines(stderr) || error.message}`, {
              hint: "Reinstall it (npm install tokenizers), or copy the tokenizer files of another model instead.",
              cause: error,
            }),
          );
        },
      );
    });
    const trained = JSON.parse(await readFile(output, "utf8")) as { model: { merges: readonly (Merge | string)[] } };
    return trained.model.merges.map((merge) =>
      typeof merge === "string" ? (merge.split(" ") as unknown as Merge) : merge,
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw explainFileFailure(error, folder, "write");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeTexts(path: string, texts: Iterable<string>, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const text of texts) {
      signal?.throwIfAborted();
      await file.write(`${text}\n`);
    }
  } finally {
    await file.close();
  }
}

function findLibrary(): string {
  try {
    return createRequire(import.meta.url).resolve("tokenizers");
  } catch (error) {
    throw new ModelError("training a tokenizer needs the optional package tokenizers, which is not installed", {
      hint: "Run: npm install tokenizers@0.23. Or copy the tokenizer files of another model into the model's folder.",
      cause: error,
    });
  }
}

const lastLines = (text: string) =>
  text
    .trim()
    .split("\n")
    .filter((line) => /error/i.test(line))
    .slice(-3)
    .join(" ")
    .slice(0, 500);
