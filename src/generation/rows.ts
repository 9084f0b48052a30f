// The loop of generation: rows of one batch get a token per step until each has ended. Knows ids only.

import type { Random } from "../core/random.ts";
import type { Chooser } from "./choose.ts";
import type { Decoder } from "./decoder.ts";

/** What generation needs of a decoder: a model's own, or one that puts several models' logits together. */
export type BatchDecoder = Pick<Decoder, "model" | "begin">;

/** A prompt and what has been generated after it. */
export interface Row {
  /** Which prompt, in the caller's order. */
  readonly index: number;
  readonly promptLength: number;
  /** Prompt and generated tokens; filled up to `length`. */
  readonly tokens: Int32Array;
  length: number;
  finish: "stop" | "length" | undefined;
  readonly random: Random;
}

/** Room for `newTokens` after the prompt, but never more than the model can read: its last position predicts the last token. */
export function createRow(
  index: number,
  prompt: Int32Array,
  newTokens: number,
  maxPositions: number,
  random: Random,
): Row {
  const tokens = new Int32Array(Math.max(prompt.length, Math.min(prompt.length + newTokens, maxPositions + 1)));
  tokens.set(prompt);
  return { index, promptLength: prompt.length, tokens, length: prompt.length, finish: undefined, random };
}

/** The ids generated so far. */
export const generatedIds = (row: Row): Int32Array => row.tokens.subarray(row.promptLength, row.length);

/**
 * Continues rows together. After each step it yields those that got a token or ended; a stop token ends its row and is not kept.
 * Whoever iterates may set `finish` on a row to end it. Rejects with the signal's reason.
 */
export async function* continueRows(
  decoder: BatchDecoder,
  rows: readonly Row[],
  chooser: Chooser,
  stopIds: ReadonlySet<number>,
  signal?: AbortSignal,
): AsyncGenerator<readonly Row[], void> {
  for (const row of rows) if (row.tokens.length === row.promptLength) row.finish = "length";
  let live = rows.filter((row) => !row.finish);
  if (live.length < rows.length) yield rows.filter((row) => row.finish);
  if (live.length === 0) return;
  const prompts = live.map((row) => row.tokens.subarray(0, row.promptLength));
  const output = chooser.greedy ? "token" : "logits";
  const positions = Math.max(...live.map((row) => row.tokens.length - 1));
  using batch = await decoder.begin(prompts, { positions, output, signal });
  for (;;) {
    signal?.throwIfAborted();
    const next = chooser.greedy ? await batch.tokens() : await chooseAll(await batch.logits());
    live.forEach((row, i) => {
      append(row, next[i] as number, stopIds);
    });
    yield live;
    const kept = live.flatMap((row, i) => (row.finish ? [] : [i]));
    if (kept.length === 0) return;
    if (kept.length < live.length) await batch.keep(kept);
    await batch.step(
      kept.map((i) => next[i] as number),
      signal,
    );
    live = kept.map((i) => live[i] as Row);
  }

  function chooseAll(logits: readonly Float32Array[]): number[] {
    return live.map((row, i) =>
      chooser.choose(row.tokens.subarray(0, row.length), row.promptLength, logits[i] as Float32Array, row.random),
    );
  }
}

function append(row: Row, id: number, stopIds: ReadonlySet<number>): void {
  if (stopIds.has(id)) {
    row.finish = "stop";
    return;
  }
  row.tokens[row.length++] = id;
  if (row.length === row.tokens.length) row.finish = "length";
}
