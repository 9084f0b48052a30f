// Continues prompts: many at once in batches of similar length, or one as a stream.

import { ConfigError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import type { Model } from "../models/model.ts";
import { checkPrompts } from "./check-prompts.ts";
import { type ChoiceOptions, createChooser } from "./choose.ts";
import { type ContinuationText, continuationText, type TokenText } from "./continuation-text.ts";
import { createDecoder } from "./decoder.ts";
import { requireOption } from "./logits-processors.ts";
import { type BatchDecoder, continueRows, createRow, generatedIds, type Row } from "./rows.ts";

export interface GenerateOptions extends ChoiceOptions {
  /** Default 256. Fewer when the model's positions run out. */
  readonly maxNewTokens?: number | undefined;
  /** Row i draws from `seed` and i alone, whatever else is in its batch. Default 0. */
  readonly seed?: number | string | undefined;
  /** Tokens that end a text, such as the tokenizer's `endIds`; they are not part of it. */
  readonly stopIds?: Iterable<number> | undefined;
  /** Strings that end a text; it is cut before them. Needs `tokenizer`. */
  readonly stopStrings?: readonly string[] | undefined;
  /** Gives results their text. */
  readonly tokenizer?: TokenText | undefined;
  /** Rows computed together, default 32. */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each token kept, rows of a batch in turn. */
  readonly onToken?: ((token: { readonly prompt: number; readonly id: number }) => void) | undefined;
}

export interface Generated {
  /** Without prompt and stop token. With a stop string: up to the token that completed it. */
  readonly ids: Int32Array;
  /** With a tokenizer: the text after the prompt, special tokens left out, cut before a stop string. */
  readonly text?: string;
  /** "stop": a stop token or string; "length": `maxNewTokens`, or the model's last position. */
  readonly finish: "stop" | "length";
}

/** A piece of a text being generated. */
export interface GeneratedPiece {
  /** One token, or none when only text held back is left. */
  readonly ids: readonly number[];
  /** What became certain with it: often empty in the middle of a character, sometimes more than the token's own. */
  readonly text: string;
}

/**
 * Continues each prompt; results are in the prompts' order. A Decoder in place of the model keeps its compiled programs for further calls.
 * @throws ModelError for an empty prompt, one longer than the model's positions, or a foreign token; ConfigError for an option outside its range;
 * the signal's reason when aborted.
 */
export async function generate(
  model: Model | BatchDecoder,
  prompts: readonly Int32Array[],
  options: GenerateOptions = {},
): Promise<Generated[]> {
  const { batch = 32, onToken, signal } = options;
  requireOption("batch", batch, Number.isInteger(batch) && batch >= 1, "a whole number ≥ 1");
  const { chooser, stopIds, rowOf, textOf } = prepare(model, prompts, options);
  const rows = prompts.map(rowOf);
  const texts = rows.map(textOf);
  const results: Generated[] = [];
  // The longest first: if memory is short, that shows at once.
  const sorted = [...rows].sort((a, b) => b.promptLength - a.promptLength || a.index - b.index);
  using owned = "begin" in model ? undefined : createDecoder(model);
  const decoder = owned ?? (model as BatchDecoder);
  for (let start = 0; start < sorted.length; start += batch) {
    const lengths = new Map<Row, number>();
    for await (const live of continueRows(decoder, sorted.slice(start, start + batch), chooser, stopIds, signal)) {
      for (const row of live) {
        const text = texts[row.index];
        const isNew = row.length > (lengths.get(row) ?? row.promptLength);
        lengths.set(row, row.length);
        if (isNew) onToken?.({ prompt: row.index, id: row.tokens[row.length - 1] as number });
        if (isNew && options.stopStrings && text?.stopAt(text.of(generatedIds(row))) !== undefined) row.finish = "stop";
        if (row.finish) results[row.index] = resultOf(row, row.finish, text);
      }
    }
  }
  return results;
}

/**
 * Continues one prompt token by token; returns the whole at the end. Leaving the loop early frees everything.
 * @throws as `generate`
 */
export async function* streamGenerate(
  model: Model | BatchDecoder,
  prompt: Int32Array,
  options: Omit<GenerateOptions, "batch" | "onToken"> = {},
): AsyncGenerator<GeneratedPiece, Generated> {
  const { chooser, stopIds, rowOf, textOf } = prepare(model, [prompt], options);
  const row = rowOf(prompt, 0);
  const text = textOf(row);
  using owned = "begin" in model ? undefined : createDecoder(model);
  let shown = 0;
  let known = row.length;
  for await (const _ of continueRows(owned ?? (model as BatchDecoder), [row], chooser, stopIds, options.signal)) {
    const ids = [...row.tokens.subarray(known, row.length)];
    if (ids.length === 0) continue;
    known = row.length;
    const soFar = text?.of(generatedIds(row)) ?? "";
    const stop = text?.stopAt(soFar);
    if (stop !== undefined) row.finish = "stop";
    const end = Math.max(shown, stop ?? text?.settled(soFar) ?? 0);
    yield { ids, text: soFar.slice(shown, end) };
    shown = end;
  }
  const result = resultOf(row, row.finish ?? "length", text);
  const rest = (result.text ?? "").slice(shown);
  if (rest) yield { ids: [], text: rest };
  return result;
}

function prepare(from: Model | BatchDecoder, prompts: readonly Int32Array[], options: GenerateOptions) {
  const { maxNewTokens = 256, tokenizer, stopStrings = [], seed = 0 } = options;
  requireOption(
    "maxNewTokens",
    maxNewTokens,
    Number.isInteger(maxNewTokens) && maxNewTokens >= 0,
    "a whole number ≥ 0",
  );
  if (stopStrings.length > 0 && !tokenizer) {
    throw new ConfigError("stopStrings are given without a tokenizer", { place: { key: "stopStrings" } });
  }
  const model = "begin" in from ? from.model : from;
  checkPrompts(model, prompts);
  const stopIds = new Set(options.stopIds ?? []);
  const random = createRandom(seed);
  return {
    chooser: createChooser(options, [...stopIds]),
    stopIds,
    rowOf: (prompt: Int32Array, index: number) =>
      createRow(index, prompt, maxNewTokens, model.config.maxPositions, random.fork(`row ${index}`)),
    textOf: (row: Row) =>
      tokenizer && continuationText(tokenizer, row.tokens.subarray(0, row.promptLength), stopStrings),
  };
}

function resultOf(row: Row, finish: "stop" | "length", text: ContinuationText | undefined): Generated {
  const ids = generatedIds(row).slice();
  if (!text) return { ids, finish };
  const all = text.of(ids);
  return { ids, finish, text: all.slice(0, text.stopAt(all)) };
}
