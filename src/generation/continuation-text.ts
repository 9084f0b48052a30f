// The text of generated tokens: as it stands after the prompt's text, cut where a stop string begins, and in pieces that will not change any more.

/** Whatever turns ids into text; Lethe's tokenizers do. */
export interface TokenText {
  decode(ids: Iterable<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
}

export interface ContinuationText {
  /** Text of the generated ids, special tokens left out; a leading space that belongs between it and the prompt stays. */
  of(ids: ArrayLike<number>): string;
  /** Where the first stop string begins in `text`; undefined when there is none. */
  stopAt(text: string): number | undefined;
  /** How much of `text` is safe to show while more is to come: incomplete characters and possible beginnings of stop strings are held back. */
  settled(text: string): number;
}

/** What precedes generated tokens decides about spaces and incomplete characters; a few tokens back are enough. */
const contextLength = 8;

export function continuationText(
  tokenizer: TokenText,
  prompt: Int32Array,
  stopStrings: readonly string[] = [],
): ContinuationText {
  const decode = (ids: Iterable<number>) => tokenizer.decode(ids, { skipSpecialTokens: true });
  const context = Array.from(prompt.subarray(-contextLength));
  const before = decode(context);
  const stops = stopStrings.filter((stop) => stop !== "");
  return {
    of(ids) {
      const together = decode([...context, ...Array.from(ids)]);
      return together.startsWith(before) ? together.slice(before.length) : decode(Array.from(ids));
    },
    stopAt(text) {
      const found = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
      return found.length > 0 ? Math.min(...found) : undefined;
    },
    settled(text) {
      let end = text.length;
      while (text[end - 1] === "\uFFFD") end--;
      const shown = text.slice(0, end);
      for (const stop of stops) {
        for (let n = Math.min(stop.length - 1, shown.length); n > 0; n--) {
          if (shown.endsWith(stop.slice(0, n))) {
            end = Math.min(end, shown.length - n);
            break;
          }
        }
      }
      return end;
    },
  };
}
