// Judges by words and patterns: 1 for a text that holds one of them, 0 for another. Sees letters, no meaning.

import { z } from "zod";
import { ConfigError } from "../../../../core/errors.ts";
import { defineJudge, judgeOf } from "./judge.ts";

/** Patterns that have a name. */
const known: Readonly<Record<string, string>> = {
  email: String.raw`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`,
  "street-address": String.raw`\b\d{1,6} (?:\p{Lu}[\p{L}'’.-]*[ ,]? ?){1,4}`,
  phone: String.raw`(?:\+\d{1,3}[ -]?)?(?:\(\d{2,4}\)[ -]?)?\d{2,4}(?:[ -]\d{2,4}){2,4}\b`,
};

export const words = defineJudge({
  name: "words",
  summary: "1 for a text that holds one of the words or patterns",
  options: z
    .strictObject({
      words: z.array(z.string().min(1)).default([]).describe("whole words or phrases, in any case"),
      patterns: z
        .array(z.string().min(1))
        .default([])
        .describe(`regular expressions, or names of some: ${Object.keys(known).join(", ")}`),
    })
    .refine((given) => given.words.length + given.patterns.length > 0, "name words or patterns to look for"),
  open: async (options) => {
    const sought = [...options.words.map(wordPattern), ...options.patterns.map(readPattern)];
    return judgeOf(async (texts) => texts.map((text) => Number(sought.some((pattern) => pattern.test(text)))));
  },
});

export const wordPattern = (word: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}])`, "iu");

function readPattern(text: string): RegExp {
  try {
    return new RegExp(known[text] ?? text, "u");
  } catch (cause) {
    throw new ConfigError(`judge "words": ${JSON.stringify(text)} is no regular expression`, {
      place: { key: "source.judge.patterns" },
      hint: `Write a JavaScript regular expression, or one of the names ${Object.keys(known).join(", ")}.`,
      cause,
    });
  }
}
