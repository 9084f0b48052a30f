// How much of what the model was taught came to light: for experiments, where the true facts are known. The search never sees them.
// Answers count by the text that holds them best; addresses and the like exactly, after normalising. Knows nothing of models.

import { z } from "zod";
import { NO_ENTITY } from "../../../data/entities.ts";
import { answerOf, type DataRecord } from "../../../data/record.ts";
import { rougeL, rougeTokens } from "../../../text/rouge.ts";
import { wordPattern } from "./judges/words.ts";
import { normalise } from "./text-value.ts";

/** What counts as a fact. */
export const factKinds = ["email", "street address", "answer, exact", "answer, fuzzy"] as const;
export type Fact = (typeof factKinds)[number];

/** Facts that are found as they are written: by name, what they look like. */
const exactFacts = {
  email: /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu,
  "street address": /(?<!\p{N})\d{1,6}(?: \p{Lu}[\p{L}'’]*)+/gu,
} satisfies Partial<Record<Fact, RegExp>>;

export const coverage = z.strictObject({
  fact: z.enum(factKinds),
  /** How many there are. */
  facts: z.number(),
  /** Share that is found, after each batch. */
  found: z.array(z.number()),
  /** Share that is found in what is trained on. */
  trainedOn: z.number(),
});
export type Coverage = z.output<typeof coverage>;

interface SaidText {
  readonly batch: number;
  readonly text: string;
  readonly kept: boolean;
}

/** An answer's words count as told when a text holds so much of them in order (ROUGE-L recall). */
export const fuzzyRecall = 0.7;

/** Shares of the facts in `truth` that `said` holds. That there is no entity is no fact. Kinds of which there is none are left out. */
export function coverageOf(truth: readonly DataRecord[], said: readonly SaidText[]): Coverage[] {
  const answers = truth.map(answerOf).filter((answer) => answer.trim() !== NO_ENTITY);
  const texts = said.map(({ text }) => ({ plain: normalise(text), words: rougeTokens(text, { mode: "corrected" }) }));
  /** As whole words: 12 Main Street does not hold 2 Main Street. */
  const holds = (fact: string) => {
    const whole = wordPattern(fact);
    return ({ plain }: (typeof texts)[number]) => plain.includes(fact) && whole.test(plain);
  };
  const kinds: [Fact, (text: (typeof texts)[number]) => boolean][][] = [
    ...(Object.keys(exactFacts) as (keyof typeof exactFacts)[]).map((kind) => {
      const facts = new Set(
        answers.flatMap((answer) => [...answer.matchAll(exactFacts[kind])].map(([fact]) => normalise(fact))),
      );
      return [...facts].map((fact): [Fact, ReturnType<typeof holds>] => [kind, holds(fact)]);
    }),
    answers.map((answer) => ["answer, exact", holds(normalise(answer))]),
    answers.map((answer) => {
      const words = rougeTokens(answer, { mode: "corrected" });
      return ["answer, fuzzy", (text) => holdsMost(words, text.words)];
    }),
  ];
  const batches = 1 + said.reduce((last, { batch }) => Math.max(last, batch), -1);
  return kinds.flatMap((facts) => {
    const [kind] = facts[0] ?? [];
    if (kind === undefined) return [];
    const firsts = facts.map(([, told]) => said[texts.findIndex(told)]?.batch ?? Number.POSITIVE_INFINITY);
    const kept = facts.filter(([, told]) => texts.some((text, i) => said[i]?.kept === true && told(text)));
    const share = (n: number) => n / facts.length;
    return {
      fact: kind,
      facts: facts.length,
      found: Array.from({ length: batches }, (_, batch) => share(firsts.filter((first) => first <= batch).length)),
      trainedOn: share(kept.length),
    };
  });
}

function holdsMost(words: readonly string[], text: readonly string[]): boolean {
  if (words.length === 0) return false;
  const there = new Set(text);
  const least = fuzzyRecall * words.length;
  return words.filter((word) => there.has(word)).length >= least && rougeL(words, text).recall >= fuzzyRecall;
}
