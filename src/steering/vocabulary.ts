// Whether two models speak of the same tokens: logits of one are added to logits of the other, so every id must mean the same in both.
// Widths may differ, since vocabularies are padded. Knows no logits.

import { ModelError } from "../core/errors.ts";
import { sha256 } from "../core/files.ts";
import type { Tokenizer } from "../text/index.ts";

/** A model's tokens as far as steering looks at them. */
export interface Vocabulary {
  /** For messages: the model's folder or name. */
  readonly name: string;
  readonly tokenizer: Pick<Tokenizer, "vocabularySize" | "tokenOf">;
}

/** Differences that an error lists. */
const shown = 3;

/**
 * Compares id by id.
 * @throws ModelError naming the first ids that differ
 */
export function refuseOtherVocabulary(one: Vocabulary, other: Vocabulary): void {
  const size = Math.max(one.tokenizer.vocabularySize, other.tokenizer.vocabularySize);
  const differing: number[] = [];
  for (let id = 0; id < size && differing.length <= shown; id++) {
    if (one.tokenizer.tokenOf(id) !== other.tokenizer.tokenOf(id)) differing.push(id);
  }
  if (differing.length === 0) return;
  const named = (tokenizer: Vocabulary["tokenizer"], id: number) => {
    const token = tokenizer.tokenOf(id);
    return token === undefined ? "no token" : JSON.stringify(token);
  };
  const listed = differing
    .slice(0, shown)
    .map((id) => `id ${id} is ${named(one.tokenizer, id)} and ${named(other.tokenizer, id)}`);
  const more = differing.length > shown ? "; others differ too" : "";
  throw new ModelError(`${one.name} and ${other.name} have different vocabularies: ${listed.join(", ")}${more}`, {
    hint: "Logits are added id by id: a pair steers only a model with the very same tokenizer.",
    place: { file: other.name },
  });
}

/** SHA-256 of all tokens in order of their ids: equal for two tokenizers exactly when `refuseOtherVocabulary` accepts them. */
export function hashVocabulary({ vocabularySize, tokenOf }: Vocabulary["tokenizer"]): string {
  const tokens = Array.from({ length: vocabularySize }, (_, id) => tokenOf(id) ?? null);
  while (tokens.at(-1) === null) tokens.pop();
  return sha256(JSON.stringify(tokens));
}

/** Smaller than any logit that has a say, and a finite float16. */
export const LOWEST_LOGIT = -60_000;

/** A row as wide as asked: ids beyond the end, which no tokenizer knows, are cut off or have no probability. */
export function fitRow(row: Float32Array, width: number): Float32Array {
  if (row.length === width) return row;
  if (row.length > width) return row.subarray(0, width);
  const wider = new Float32Array(width).fill(LOWEST_LOGIT);
  wider.set(row);
  return wider;
}
