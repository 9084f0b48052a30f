// The text of an answer as its tokens arrive: what is certain, where a stop string cuts it, and which token stands where. Each token costs the same,
// however long the answer: text that cannot change any more is not decoded again. Knows nothing of requests.

import { type ContinuationText, continuationText } from "../generation/index.ts";
import type { Tokenizer } from "../text/index.ts";

export interface AnswerText {
  /** Everything so far, incomplete characters included, cut before a stop string. */
  readonly text: string;
  /** How much of `text` will not change any more. */
  readonly settled: number;
  /** A stop string has occurred. */
  readonly stopped: boolean;
  /** Reads a token; returns where it begins: the number of certain characters before it. */
  push(id: number): number;
  /** A token's own text if it came next. */
  textOf(id: number): string;
}

/** Tokens decoded anew with each further one. */
const window = 24;

export function createAnswerText(tokenizer: Tokenizer, prompt: Int32Array, stops: readonly string[]): AnswerText {
  const ids = [...prompt.subarray(-8)];
  /** Text of all tokens before the window, and where the window begins in `ids`. */
  let done = "";
  let start = ids.length;
  let current: ContinuationText = continuationText(tokenizer, Int32Array.from(ids));
  let text = "";
  let cut: number | undefined;
  const longest = Math.max(0, ...stops.map((stop) => stop.length));

  function findStop(from: number): number | undefined {
    const found = stops.map((stop) => text.indexOf(stop, from)).filter((index) => index >= 0);
    return found.length > 0 ? Math.min(...found) : undefined;
  }

  function settledLength(): number {
    if (cut !== undefined) return cut;
    let end = text.length;
    while (text[end - 1] === "\uFFFD") end--;
    for (let length = Math.min(longest - 1, end); length > 0; length--) {
      const tail = text.slice(end - length, end);
      if (stops.some((stop) => stop.length > length && stop.startsWith(tail))) return end - length;
    }
    return end;
  }

  return {
    get text() {
      return cut === undefined ? text : text.slice(0, cut);
    },
    get settled() {
      return settledLength();
    },
    get stopped() {
      return cut !== undefined;
    },
    push(id) {
      const before = text.replace(/\uFFFD+$/, "").length;
      ids.push(id);
      text = done + current.of(ids.slice(start));
      cut ??= findStop(Math.max(0, before - longest));
      if (ids.length - start >= window && !text.endsWith("\uFFFD")) {
        done = text;
        ids.splice(0, ids.length - 8);
        start = ids.length;
        current = continuationText(tokenizer, Int32Array.from(ids));
      }
      return before;
    },
    textOf(id) {
      if (tokenizer.specialIds.has(id)) return tokenizer.tokenOf(id) ?? "";
      return continuationText(tokenizer, Int32Array.from(ids)).of([id]);
    },
  };
}
