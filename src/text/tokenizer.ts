// Text to token ids and back, for the tokenizer.json of a Hugging Face folder. Ids equal those of the Rust tokenizers library.
// Knows nothing of models except how many tokens they have room for.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { LetheError, ModelError } from "../core/errors.ts";
import { isJsonObject, type JsonObject, readJsonObject } from "../core/json-file.ts";
import { createAddedTokenSplitter } from "./added-tokens.ts";
import {
  configuredIds,
  postProcessorOverride,
  readSpecialTokenFiles,
  type SpecialTokenFiles,
  type SpecialTokenRole,
  specialTokenText,
} from "./special-tokens.ts";
import { prepareTokenizerJson } from "./tokenizer-json.ts";
import { createUnigram } from "./unigram.ts";

export interface Tokenizer {
  /** Largest id + 1: the least number of rows an embedding needs. */
  readonly vocabularySize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly padId: number | undefined;
  /** Every id that ends a generated text: `eosId` and those that generation_config.json adds. */
  readonly endIds: readonly number[];
  /** Ids that `skipSpecialTokens` leaves out. */
  readonly specialIds: ReadonlySet<number>;
  /** Whether `encode` puts the begin token first, or the end token last, on its own. */
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  /** Lone surrogates become U+FFFD. `addSpecialTokens` (default true): with begin and end tokens as the tokenizer is set up to add them. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** Ids that are no token are left out. `skipSpecialTokens` (default false): without begin, end and the like. */
  decode(ids: Iterable<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
  tokenOf(id: number): string | undefined;
  idOf(token: string): number | undefined;
}

/**
 * Loads a folder's tokenizer: tokenizer.json, with tokenizer_config.json, special_tokens_map.json, generation_config.json and config.json
 * as far as they are there.
 * @throws ModelError when tokenizer.json is missing, malformed, or uses what is not supported.
 */
export function loadTokenizer(folder: string): Tokenizer {
  const path = join(folder, "tokenizer.json");
  if (!existsSync(path)) {
    const other = ["tokenizer.model", "vocab.json"].find((name) => existsSync(join(folder, name)));
    throw new ModelError(`${folder} holds no tokenizer.json`, {
      hint: other
        ? `Only ${other} is there: convert it with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...)).`
        : "Copy the tokenizer's files into the folder.",
      place: { file: path },
    });
  }
  return createTokenizer(readJsonObject(path, { limitBytes: 256 * 1024 * 1024 }), readSpecialTokenFiles(folder), path);
}

/** Characters of a piece of text whose tokens are remembered. */
const longestWord = 32;

/** A tokenizer from parsed files; `file` names tokenizer.json in errors. @throws ModelError */
export function createTokenizer(json: JsonObject, files: SpecialTokenFiles, file: string): Tokenizer {
  try {
    const definition = withoutImages(prepareTokenizerJson(json, file), files);
    const ids = readIds(definition);
    const override = postProcessorOverride(files, (token) => ids.get(token));
    const library = new LibraryTokenizer(override ? { ...definition, post_processor: override } : definition, {
      clean_up_tokenization_spaces: files.tokenizerConfig.clean_up_tokenization_spaces === true,
      eos_token: specialTokenText(files, "eos_token"),
    });
    // Words come again and whole texts do not: a tokenizer that splits no words would remember ten thousand prompts.
    if (library.model && "max_length_to_cache" in library.model) library.model.max_length_to_cache = longestWord;
    for (const step of decodingSteps(library.decoder)) {
      if (step.config.type === "ByteFallback") Object.assign(step, { text_decoder: { decode: textOfBytes } });
    }
    return wrap(library, definition, ids, files, file);
  } catch (error) {
    if (LetheError.isInstance(error)) throw error;
    throw new ModelError(`${file}: no tokenizer can be built from it (${(error as Error).message.slice(0, 300)})`, {
      hint: "Export the tokenizer again with a current version of transformers.",
      place: { file },
      cause: error,
    });
  }
}

/**
 * Checks that a model has an embedding row for every token.
 * @param vocabularySize rows of the model's embedding
 * @param folder where the tokenizer is from, for the error
 * @throws ModelError otherwise
 */
export function checkTokenizerFits(tokenizer: Tokenizer, vocabularySize: number, folder?: string): void {
  if (tokenizer.vocabularySize <= vocabularySize) return;
  const last = tokenizer.vocabularySize - 1;
  throw new ModelError(
    `the tokenizer does not match the model: it has ids up to ${last} (${JSON.stringify(tokenizer.tokenOf(last))}), the model has room for ${vocabularySize} tokens`,
    {
      hint: "Use the tokenizer that the model was trained with.",
      ...(folder === undefined ? {} : { place: { file: join(folder, "tokenizer.json") } }),
    },
  );
}

function wrap(
  library: LibraryTokenizer,
  definition: JsonObject,
  ids: ReadonlyMap<string, number>,
  files: SpecialTokenFiles,
  file: string,
): Tokenizer {
  const tokens = new Map<number, string>();
  let vocabularySize = 0;
  for (const [token, id] of ids) {
    tokens.set(id, token);
    vocabularySize = Math.max(vocabularySize, id + 1);
  }
  const added = definition.added_tokens as readonly { id: number; special?: boolean }[];
  const specialIds = new Set(added.filter((token) => token.special === true).map((token) => token.id));
  const idOfRole = (role: SpecialTokenRole): number | undefined => {
    const text = specialTokenText(files, role);
    return (text === undefined ? undefined : ids.get(text)) ?? configuredIds(files, role)[0];
  };
  const tokensOf = createPipeline(library, definition);
  const encode: Tokenizer["encode"] = (text, { addSpecialTokens = true } = {}) => {
    const unknownId = library.model?.unk_token_id;
    return tokensOf(text.replace(/\p{Surrogate}/gu, "\ufffd"), addSpecialTokens).map((token) => {
      const id = ids.get(token) ?? unknownId;
      if (id !== undefined) return id;
      throw new ModelError(`${file}: ${JSON.stringify(token)} has no id, and there is no unknown token`, {
        hint: "The tokenizer cannot express this text.",
        place: { file },
      });
    });
  };
  const bosId = idOfRole("bos_token");
  const eosId = idOfRole("eos_token");
  const padId = idOfRole("pad_token");
  const onEmptyText = encode("");
  const endIds = new Set(configuredIds(files, "eos_token"));
  if (eosId !== undefined) endIds.add(eosId);
  return {
    vocabularySize,
    bosId,
    eosId,
    padId,
    endIds: [...endIds],
    specialIds,
    addsBos: bosId !== undefined && onEmptyText[0] === bosId,
    addsEos: eosId !== undefined && onEmptyText.at(-1) === eosId,
    encode,
    decode: (sequence, { skipSpecialTokens = false } = {}) => {
      const kept = Array.from<number>(sequence).filter(
        (id) => tokens.has(id) && !(skipSpecialTokens && specialIds.has(id)),
      );
      return kept.length === 0 ? "" : library.decode(kept);
    },
    tokenOf: (id) => tokens.get(id),
    idOf: (token) => ids.get(token),
  };
}

interface DecodingStep {
  readonly config: JsonObject;
  /** Of a Sequence. */
  readonly decoders?: readonly DecodingStep[];
}

function decodingSteps(decoder: unknown): DecodingStep[] {
  if (!decoder) return [];
  const step = decoder as DecodingStep;
  return [step, ...(step.decoders ?? []).flatMap(decodingSteps)];
}

const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Byte tokens as the Rust side reads them: all together are text, a byte order mark included, or each is U+FFFD. */
function textOfBytes(bytes: Uint8Array): string {
  try {
    return strictText.decode(bytes);
  } catch {
    return "\ufffd".repeat(bytes.length);
  }
}

/** Gemma 3's text models share the tokenizer of those that see: it marks where an image goes with a token that they have no row for. */
function withoutImages(definition: JsonObject, files: SpecialTokenFiles): JsonObject {
  const mark = specialTokenText(files, "image_token");
  const rows = Number(files.config.vocab_size);
  const added = definition.added_tokens as readonly { content: string; id: number }[];
  return { ...definition, added_tokens: added.filter(({ content, id }) => content !== mark || !(id >= rows)) };
}

/** Token → id of the model's vocabulary and the added tokens. */
function readIds(definition: JsonObject): Map<string, number> {
  const { vocab } = definition.model as { vocab: unknown };
  const ids = new Map<string, number>(
    isJsonObject(vocab)
      ? (Object.entries(vocab) as [string, number][])
      : (vocab as [string, number][]).map(([token], id) => [token, id]),
  );
  for (const { content, id } of definition.added_tokens as readonly { content: string; id: number }[]) {
    ids.set(content, id);
  }
  return ids;
}

/**
 * Added tokens, normaliser, splitter, model, post-processor: the library's parts, put together here because its own assembly finds
 * added tokens by other rules than the Rust side.
 */
function createPipeline(
  library: LibraryTokenizer,
  definition: JsonObject,
): (text: string, addSpecialTokens: boolean) => string[] {
  const { normalizer, pre_tokenizer: splitter, post_processor: postProcessor } = library;
  const model = definition.model as JsonObject;
  const unigram = model.type === "Unigram" ? createUnigram(model) : undefined;
  const piecesOf = (parts: string[]) => (unigram ? parts.flatMap(unigram) : (library.model?._call(parts) ?? []));
  const split = createAddedTokenSplitter(definition.added_tokens as readonly JsonObject[], (text) =>
    normalizer ? normalizer.normalize(text) : text,
  );
  return (text, addSpecialTokens) => {
    const tokens = split(text).flatMap((piece, i) => {
      if (piece.added !== undefined) return [piece.added];
      const parts = splitter ? splitter.pre_tokenize(piece.text, { section_index: i }) : [piece.text];
      return piecesOf(parts);
    });
    return postProcessor ? postProcessor.post_process(tokens, null, addSpecialTokens).tokens : tokens;
  };
}
