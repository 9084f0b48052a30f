// Which arms to try next (NeuralUCB, 1911.04462, as INSTINCT runs it, 2310.02905; seeds.md §3.2): the largest expected reward plus what the network is unsure of.
// Several arms may be chosen before their rewards are known: each counts in U at once, so that a round is spread over what is unknown.
// Knows nothing of what arms stand for.

import { z } from "zod";
import type { Random } from "../../../../core/random.ts";
import type { Backend } from "../../../../runtime/backend.ts";
import { createSurrogate, surrogateOptions } from "./surrogate.ts";

/** The contexts of arms by their numbers. */
export type ContextsOf = (arms: readonly number[]) => Promise<readonly Float32Array[]>;

/** A try of an arm, as it was when it was chosen. */
export interface Chosen {
  readonly arm: number;
  readonly context: Float32Array;
}

/** Chooses among contexts and learns from their rewards. */
export interface Bandit extends Disposable {
  /** `count` tries of the arms 0 … arms − 1; none comes twice before all have come once. Only contexts that are needed are asked for. */
  choose(arms: number, contextsOf: ContextsOf, count: number): Promise<Chosen[]>;
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
      if (seen.length < options.initial) return atRandom(draws, arms, contextsOf, count);
      const drawn = shuffled(draws, arms).slice(0, options.candidates);
      const contexts = await contextsOf(drawn);
      const left = new Set(drawn.map((_, i) => i));
      const chosen: Chosen[] = [];
      while (chosen.length < count) {
        if (left.size === 0) for (const i of drawn.keys()) left.add(i); // fewer arms than tries: around again
        const open = [...left];
        const estimates = await surrogate.estimate(open.map((i) => contexts[i] as Float32Array));
        const bounds = estimates.map(({ mean, unsure }) => mean + unsure);
        const at = bounds.reduce((most, bound, i) => (bound > (bounds[most] as number) ? i : most), 0);
        const best = open[at] as number;
        left.delete(best);
        chosen.push({ arm: drawn[best] as number, context: contexts[best] as Float32Array });
        await surrogate.chosen(contexts[best] as Float32Array);
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
    choose: (arms, contextsOf, count) => atRandom(random, arms, contextsOf, count),
    learn: async () => {},
    [Symbol.dispose]: () => {},
  };
}

const shuffled = (random: Random, arms: number): number[] =>
  random.shuffle(Array.from({ length: arms }, (_, arm) => arm));

async function atRandom(random: Random, arms: number, contextsOf: ContextsOf, count: number): Promise<Chosen[]> {
  const drawn = shuffled(random, arms);
  const tried = Array.from({ length: count }, (_, i) => drawn[i % drawn.length] as number);
  const contexts = await contextsOf(tried);
  return tried.map((arm, i) => ({ arm, context: contexts[i] as Float32Array }));
}
