// What is kept of a revealing without its texts: numbers per batch, hashes per text, and which instructions earned most. Knows nothing of the search.

import { readFile } from "node:fs/promises";
import { z } from "zod";
import { sha256, writeFileAtomic } from "../../../core/files.ts";
import type { DataRecord } from "../../../data/record.ts";
import { coverage, coverageOf } from "./coverage.ts";
import type { RevealedOptions } from "./options.ts";
import { rewardOf } from "./reveal.ts";
import type { Ended, RevealedText } from "./revealed-text.ts";
import { createNgrams } from "./text-value.ts";

/** In the run folder, beside the texts. */
export const statisticsFile = "revealed.json";

const instruction = z.strictObject({
  /** SHA-256 of the instruction: harvested ones hold names. */
  sha256: z.string(),
  origin: z.string(),
  form: z.string(),
  times: z.number(),
  reward: z.number(),
});

export const roundStatistics = z.strictObject({
  round: z.number(),
  ended: z.enum(["saturated", "budget"]),
  search: z.string(),
  /** Batch by batch. */
  batches: z.array(
    z.strictObject({
      /** In all so far. */
      texts: z.number(),
      kept: z.number(),
      /** Means over the batch. */
      reward: z.number(),
      relevance: z.number(),
      novelty: z.number(),
      fluency: z.number(),
      /** Distinct n-grams of the texts that were kept so far: how much came to light. */
      ngrams: z.number(),
    }),
  ),
  /** How many texts each filter kept out. */
  filtered: z.record(z.string(), z.number()),
  /** Those that earned most, mean reward, highest first. */
  best: z.array(instruction),
  /** Of the true facts, where they are given. */
  coverage: z.array(coverage),
  /** SHA-256 of every text that was trained on. */
  trainedOn: z.array(z.string()),
});
export type RoundStatistics = z.output<typeof roundStatistics>;
export const revealedStatistics = z.strictObject({ rounds: z.array(roundStatistics) });

const bestCount = 20;

export interface RoundOfTexts {
  readonly round: number;
  readonly texts: readonly RevealedText[];
  readonly ended: Ended;
  readonly options: Pick<RevealedOptions, "ngram" | "search">;
  /** The true facts, if they are known. */
  readonly truth: readonly DataRecord[];
}

/** Adds a round, or writes it again. */
export async function keepStatistics(path: string, found: RoundOfTexts): Promise<RoundStatistics> {
  const earlier = await readFile(path, "utf8").then(
    (text) => revealedStatistics.parse(JSON.parse(text)).rounds,
    () => [],
  );
  const statistics = statisticsOf(found);
  const rounds = [...earlier.filter(({ round }) => round < found.round), statistics];
  await writeFileAtomic(path, `${JSON.stringify({ rounds }, null, 2)}\n`);
  return statistics;
}

export function statisticsOf({ round, texts, ended, options, truth }: RoundOfTexts): RoundStatistics {
  const ngrams = createNgrams(options.ngram);
  const filtered: Record<string, number> = {};
  for (const { why } of texts) if (why !== "") filtered[why] = (filtered[why] ?? 0) + 1;
  let [total, kept] = [0, 0];
  const batches = grouped(texts, ({ batch }) => batch).map((batch) => {
    total += batch.length;
    for (const text of batch.filter((each) => each.kept)) {
      kept++;
      ngrams.add(text.text);
    }
    const mean = (of: (text: RevealedText) => number) => batch.reduce((sum, text) => sum + of(text), 0) / batch.length;
    return {
      texts: total,
      kept,
      reward: mean(rewardOf),
      relevance: mean((text) => text.relevance),
      novelty: mean((text) => text.novelty),
      fluency: mean((text) => text.fluency),
      ngrams: ngrams.size,
    };
  });
  const best = grouped(texts, ({ form, instruction }) => `${form} ${instruction}`)
    .map((of) => {
      const { instruction, origin, form } = of[0] as RevealedText;
      const reward = of.reduce((sum, text) => sum + rewardOf(text), 0) / of.length;
      return { sha256: sha256(instruction), origin, form, times: of.length, reward };
    })
    .sort((a, b) => b.reward - a.reward)
    .slice(0, bestCount);
  const trainedOn = texts.filter((text) => text.kept).map(({ instruction, text }) => sha256(instruction + text));
  return {
    round,
    ended,
    search: options.search,
    batches,
    filtered,
    best,
    coverage: coverageOf(truth, texts),
    trainedOn,
  };
}

/** Groups in the order in which their keys come. */
function grouped<Key>(texts: readonly RevealedText[], key: (text: RevealedText) => Key): RevealedText[][] {
  const groups = new Map<Key, RevealedText[]>();
  for (const text of texts) {
    const group = groups.get(key(text)) ?? [];
    group.push(text);
    groups.set(key(text), group);
  }
  return [...groups.values()];
}
