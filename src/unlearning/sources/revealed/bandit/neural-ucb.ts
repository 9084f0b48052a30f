// Which arms to try next (NeuralUCB, 1911.04462, as INSTINCT runs it, 2310.02905; seeds.md §3.2): the largest expected reward plus what the network is unsure of.
// Several arms may be chosen before their rewards are known: each counts in U at once, so that a round does not hold one arm many times over.
// Knows nothing of what arms stand for.

import { z } from "zod";
import type { Random } from "../../../../core/random.ts";
import type { Backend } from "../../../../runtime/backend.ts";
import { createSurrogate, surrogateOptions } from "./surrogate.ts";

/** The contexts of arms by their numbers. */
export type ContextsOf = (arms: readonly number[]) => Promise<readonly Float32Array[]>;

/** Chooses among contexts and learns from their rewards. */
export interface Bandit extends Disposable {
  /** Numbers of arms, 0 … arms − 1: `count` of them, each once, or all when there are fewer. Only contexts that are needed are asked for. */
  choose(arms: number, contextsOf: ContextsOf, count: number): Promise<number[]>;
  /** Rewards of contexts that were chosen. */
  learn(contexts: readonly Float32Array[], rewards: readonly number[], signal?: AbortSignal): Promise<void>;
}

export const banditOptions = surrogateOptions.extend({
  initial: z
    .number()
    .int()
    .nonnegative()
    .default(40)
    .describe("rewards seen before the network is asked; arms at random until then"),
  candidates: z
    .number()
    .int()
    .positive()
    .default(1000)
    .describe("arms drawn at random in each round, among which the network chooses"),
});
export type BanditOptions = z.output<typeof banditOptions>;

export function createNeuralUcb(backend: Backend, inputs: number, random: Random, options: BanditOptions): Bandit {
  const surrogate = createSurrogate(backend, inputs, random.fork("network"), options);
  const draws = random.fork("draws");
  const seen: Float32Array[] = [];
  const rewards: number[] = [];
  return {
    async choose(arms, contextsOf, count) {
      const drawn = draws.shuffle(Array.from({ length: arms }, (_, arm) => arm)).slice(0, options.candidates);
      if (seen.length < options.initial) return drawn.slice(0, count);
      const found = await contextsOf(drawn);
      const contexts = new Map(drawn.map((arm, i) => [arm, found[i] as Float32Array]));
      const left = new Set(drawn);
      const chosen: number[] = [];
      while (chosen.length < count && left.size > 0) {
        const indices = [...left];
        const estimates = await surrogate.estimate(indices.map((arm) => contexts.get(arm) as Float32Array));
        let best = 0;
        estimates.forEach(({ mean, unsure }, i) => {
          const { mean: bestMean, unsure: bestUnsure } = estimates[best] as (typeof estimates)[number];
          if (mean + unsure > bestMean + bestUnsure) best = i;
        });
        const arm = indices[best] as number;
        left.delete(arm);
        chosen.push(arm);
        await surrogate.chosen(contexts.get(arm) as Float32Array);
      }
      return chosen;
    },
    async learn(contexts, found, signal) {
      seen.push(...contexts);
      rewards.push(...found);
      if (seen.length >= options.initial) await surrogate.fit(seen, rewards, signal);
    },
    [Symbol.dispose]: () => surrogate[Symbol.dispose](),
  };
}

/** Arms at random: what the search is held against. */
export function createUniform(random: Random): Bandit {
  return {
    choose: async (arms, _, count) => random.shuffle(Array.from({ length: arms }, (_, arm) => arm)).slice(0, count),
    learn: async () => {},
    [Symbol.dispose]: () => {},
  };
}
