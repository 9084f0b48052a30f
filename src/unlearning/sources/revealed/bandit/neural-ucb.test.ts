// The search on a bandit whose best arm is known, and the network's numbers against finite differences.

import { describe, expect, test } from "vitest";
import { createRandom, type Random } from "../../../../core/random.ts";
import { createOrtBackend } from "../../../../runtime/ort/index.ts";
import { createReferenceBackend } from "../../../../runtime/reference/index.ts";
import { type Bandit, type Chosen, type ContextsOf, createNeuralUcb, createUniform } from "./neural-ucb.ts";
import { createSurrogate, surrogateOptions } from "./surrogate.ts";

const options = surrogateOptions.parse({ hidden: 24, steps: 60, learningRate: 0.02, start: "fan-in" });

/** Two hundred arms on a sphere; the reward is a bump around a hidden direction, with noise on what is seen. */
function syntheticBandit(random: Random, inputs = 6) {
  const direction = () => {
    const x = Float32Array.from({ length: inputs }, () => random.normal());
    const length = Math.hypot(...x);
    return x.map((each) => each / length);
  };
  const arms = Array.from({ length: 200 }, direction);
  const hidden = direction();
  const values = arms.map((x) =>
    Math.exp(-1.5 * x.reduce((sum, each, i) => sum + (each - (hidden[i] as number)) ** 2, 0)),
  );
  return {
    arms,
    values,
    best: Math.max(...values),
    seen: (i: number) => (values[i] as number) + 0.05 * random.normal(),
  };
}

/** The best mean seen so far, but for a tenth of the time. */
function createEpsilonGreedy(random: Random, arms: readonly Float32Array[]): Bandit {
  const totals = new Map<number, { sum: number; n: number }>();
  return {
    async choose(count, contextsOf) {
      const ranked = [...totals].sort(([, a], [, b]) => b.sum / b.n - a.sum / a.n);
      const known = ranked[0]?.[0];
      const arm = known === undefined || random.uniform() < 0.1 ? random.integer(count) : known;
      return [{ arm, context: (await contextsOf([arm]))[0] as Float32Array }];
    },
    async learn(contexts, rewards) {
      const arm = arms.indexOf(contexts[0] as Float32Array);
      const { sum, n } = totals.get(arm) ?? { sum: 0, n: 0 };
      totals.set(arm, { sum: sum + (rewards[0] as number), n: n + 1 });
    },
    [Symbol.dispose]: () => {},
  };
}

async function regretOf(make: (arms: readonly Float32Array[]) => Bandit, seed: number, rounds = 40): Promise<number> {
  const world = syntheticBandit(createRandom(`world ${seed}`));
  using bandit = make(world.arms);
  let regret = 0;
  for (let round = 0; round < rounds; round++) {
    const contextsOf: ContextsOf = async (of) => of.map((i) => world.arms[i] as Float32Array);
    const [chosen] = await bandit.choose(world.arms.length, contextsOf, 1);
    const { arm } = chosen as Chosen;
    regret += world.best - (world.values[arm] as number);
    await bandit.learn([world.arms[arm] as Float32Array], [world.seen(arm)]);
  }
  return regret;
}

describe("search", () => {
  test("regrets less than arms at random and than the best arm so far with a tenth at random, over three bandits", async () => {
    using backend = await createOrtBackend({ device: "cpu" });
    const total = { search: 0, uniform: 0, greedy: 0 };
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const settings = { ...options, nu: 0.001, lambda: 1, initial: 10, candidates: 200 };
      total.search += await regretOf(() => createNeuralUcb(backend, 6, random, settings), seed);
      total.uniform += await regretOf(() => createUniform(random.fork("uniform")), seed);
      total.greedy += await regretOf((arms) => createEpsilonGreedy(random.fork("greedy"), arms), seed);
    }
    expect(total.search).toBeLessThan(0.65 * total.uniform);
    expect(total.search).toBeLessThan(0.85 * total.greedy);
  });

  test("takes no arm twice in a round before each has come once", async () => {
    using backend = createReferenceBackend();
    const contextsOf: ContextsOf = async (of) => of.map((i) => Float32Array.of(i, 1));
    using search = createNeuralUcb(backend, 2, createRandom(1), { ...options, initial: 0, candidates: 5 });
    for (const bandit of [search, createUniform(createRandom(1))]) {
      const arms = (await bandit.choose(3, contextsOf, 5)).map(({ arm }) => arm);
      expect(new Set(arms.slice(0, 3)).size).toBe(3);
      expect(arms).toHaveLength(5);
    }
  });
});

describe("the network", () => {
  const contexts = [Float32Array.of(1, 0, 2), Float32Array.of(-1, 3, 0.5), Float32Array.of(0.3, -2, 1)];

  test("learns the rewards it was given, and forgets them at the next fit", async () => {
    using backend = createReferenceBackend();
    using network = createSurrogate(backend, 3, createRandom(4), { ...options, steps: 200, lambda: 1e-6 });
    const means = async () => (await network.estimate(contexts)).map(({ mean }) => mean);
    await network.fit(contexts, [0.2, 0.9, 0.5]);
    for (const [i, mean] of (await means()).entries()) expect(mean).toBeCloseTo([0.2, 0.9, 0.5][i] as number, 1);
    await network.fit(contexts, [1, 0, 0]);
    const once = await means();
    await network.fit(contexts, [1, 0, 0]);
    expect(await means()).toEqual(once);
  });

  test("is unsure by √(λν·Σ g²/U), g as finite differences of what it says give it, and surer of what was chosen", async () => {
    using backend = createReferenceBackend();
    // One input and one unit: f = w2·relu(w1·x + b1) + b2, four weights that the first numbers of the seed give.
    const one = { ...options, hidden: 1, lambda: 0.5, nu: 2 };
    const draws = createRandom("four/weights");
    const [w1, b1, w2, b2] = [draws.normal(), draws.normal(), draws.normal(), draws.normal()];
    const f = (w: readonly number[], x: number) =>
      (w[2] as number) * Math.max(0, (w[0] as number) * x + (w[1] as number)) + (w[3] as number);
    const weights = [w1, b1, w2, b2] as number[];
    const x = Math.sign(w1) * 3; // the unit is on
    const g = weights.map((_, i) => (f(weights.with(i, (weights[i] as number) + 1e-6), x) - f(weights, x)) / 1e-6);
    using network = createSurrogate(backend, 1, createRandom("four/weights"), one);
    const unsure = async () => (await network.estimate([Float32Array.of(x)]))[0]?.unsure;
    const expected = (u: (square: number) => number) =>
      Math.sqrt(g.reduce((sum, each) => sum + (0.5 * 2 * each ** 2) / u(each ** 2), 0));
    expect((await network.estimate([Float32Array.of(x)]))[0]?.mean).toBeCloseTo(f(weights, x), 5);
    expect(await unsure()).toBeCloseTo(
      expected(() => 0.5),
      4,
    );
    await network.chosen(Float32Array.of(x));
    expect(await unsure()).toBeCloseTo(
      expected((square) => 0.5 + square),
      4,
    );
  });
});
