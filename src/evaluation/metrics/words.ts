// The words of a text, for metrics that look at wording rather than at a reference. Knows no language in particular.

/** Lower-cased runs of letters and digits of any script; an apostrophe inside a word stays. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu) ?? [];
}
