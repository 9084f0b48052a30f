// What tells early that nothing can come of a search: a judge that cannot tell, a model that repeats itself, a description that it knows nothing of.
// Everything is said before any weight moves. Knows numbers and texts; knows neither models nor judges by name.

import { ConfigError, RunError } from "../../../core/errors.ts";
import type { Judge } from "./judges/index.ts";
import type { RevealedOptions } from "./options.ts";
import type { RevealedText } from "./revealed-text.ts";
import { normalise } from "./text-value.ts";

/** Of nothing in particular: a judge that finds these relevant finds everything so. */
const unrelated = [
  "It was raining when the train left.",
  "Add the flour and stir slowly.",
  "The match ended in a draw.",
  "A green door stood open.",
];

/** @throws ConfigError for a judge that finds every unrelated sentence to be what must go. */
export async function refuseJudgeOfAll(
  judge: Judge,
  { minimumRelevance }: Pick<RevealedOptions, "minimumRelevance">,
  signal?: AbortSignal,
): Promise<void> {
  const scores = await judge.score(unrelated, signal);
  if (scores.length !== unrelated.length || scores.some((score) => !(score >= 0 && score <= 1))) {
    throw new ConfigError(`the judge gave ${JSON.stringify(scores)} for ${unrelated.length} texts`, {
      place: { key: "source.judge" },
      hint: "A judge gives each text one number from 0 to 1.",
    });
  }
  if (scores.some((score) => score < Math.max(minimumRelevance, Number.MIN_VALUE))) return;
  throw new ConfigError(
    `the judge finds everything to be what must go: ${unrelated.length} sentences of rain, flour and football score ${Math.min(...scores).toFixed(2)} and more`,
    {
      place: { key: "source.judge" },
      hint: "Sharpen its words or patterns, describe more narrowly, take a model that was taught to judge, or raise minimumRelevance.",
    },
  );
}

/** So many texts are looked at before a search is given up, or a quarter of all. */
const enough = 64;

/** Looks at what was revealed so far. @throws RunError when it promises nothing. */
export function refuseUselessSearch(
  texts: readonly RevealedText[],
  { options, mayBeEmpty }: { readonly options: RevealedOptions; readonly mayBeEmpty: boolean },
): void {
  if (mayBeEmpty || texts.length < Math.min(options.samples, Math.max(enough, options.samples / 4))) return;
  const distinct = new Set(texts.map(({ text }) => normalise(text))).size;
  if (distinct <= Math.max(1, texts.length / 20)) {
    throw nothing(`the model only repeats itself: ${distinct} different texts among ${texts.length}`, {
      hint: "Raise the temperature, or give instructions of other kinds (source.grammar, source.instructions).",
    });
  }
  if (texts.every(({ kept }) => !kept)) {
    const best = Math.max(...texts.map(({ relevance }) => relevance));
    const reasons = [...new Set(texts.map(({ why }) => why))].map(
      (why) => `${texts.filter((text) => text.why === why).length} for ${why}`,
    );
    throw nothing(
      best === 0
        ? `nothing was revealed: the judge gives each of the first ${texts.length} texts 0`
        : `nothing was revealed that could be trained on: of ${texts.length} texts all fall to a filter (${reasons.join(", ")}); the highest relevance is ${best.toFixed(2)}`,
      {
        hint: "Does the model know it, and was it taught whole texts (encoding.loss: sequence)? Describe it otherwise, give subjects or instructions, or lower the filters.",
      },
    );
  }
}

const nothing = (message: string, { hint }: { readonly hint: string }) =>
  new RunError(`${message}. Nothing was trained, the model is as it was.`, { place: { key: "source" }, hint });
