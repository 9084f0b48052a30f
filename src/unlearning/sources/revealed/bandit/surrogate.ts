// The network of NeuralUCB (1911.04462; as in INSTINCT, 2310.02905): context → 100 → reward, with how unsure it is of each. Runs on Lethe's own engine.
// Knows neither arms nor what a reward is made of.

import { z } from "zod";
import type { Random } from "../../../../core/random.ts";
import type { Backend, Program, Value } from "../../../../runtime/backend.ts";
import {
  add,
  constant,
  div,
  type Graph,
  gradients,
  graph,
  greater,
  input,
  linear,
  matmul,
  mul,
  relu,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from "../../../../tensor/index.ts";

export const surrogateOptions = z.strictObject({
  hidden: z.number().int().positive().default(100).describe("width of the network's one hidden layer"),
  lambda: z.number().positive().default(0.1).describe("λ: where the diagonal U starts, and weight decay λ/n"),
  nu: z.number().nonnegative().default(1).describe("ν: how much being unsure counts; 0 takes what seems best"),
  steps: z.number().int().positive().default(1000).describe("Adam steps of every refit"),
  learningRate: z.number().positive().default(1e-3),
  start: z
    .enum(["unit", "fan-in"])
    .default("unit")
    .describe(
      "spread of the first weights: 1 as in the published code, or 1/√inputs, from which far fewer steps suffice",
    ),
});
export type SurrogateOptions = z.output<typeof surrogateOptions>;

/** What the network says of a context. */
export interface Estimate {
  /** Expected reward. */
  readonly mean: number;
  /** √(Σ_j λ·ν·g_j²/U_j) over the weights j, with g the gradient of the mean. */
  readonly unsure: number;
}

export interface Surrogate extends Disposable {
  /** Fits anew, from the weights that it began with: mean squared error, contexts standardised per dimension, rewards as they are. */
  fit(contexts: readonly Float32Array[], rewards: readonly number[], signal?: AbortSignal): Promise<void>;
  estimate(contexts: readonly Float32Array[]): Promise<Estimate[]>;
  /** A context is chosen: U_j += g_j². */
  chosen(context: Float32Array): Promise<void>;
}

const names = ["w1", "b1", "w2", "b2"] as const;
type Name = (typeof names)[number];
type Weights = Readonly<Record<Name, Float32Array>>;

/** Contexts have `inputs` numbers each. */
export function createSurrogate(
  backend: Backend,
  inputs: number,
  random: Random,
  options: SurrogateOptions,
): Surrogate {
  const { hidden, lambda, nu } = options;
  const shapes = { w1: [hidden, inputs], b1: [hidden], w2: [1, hidden], b2: [1] } as const;
  const sizes = { w1: hidden * inputs, b1: hidden, w2: hidden, b2: 1 };
  const fanIn = { w1: inputs, b1: inputs, w2: hidden, b2: hidden };
  const first = each((name) => {
    const spread = options.start === "unit" ? 1 : 1 / Math.sqrt(fanIn[name]);
    return Float32Array.from({ length: sizes[name] }, () => spread * random.normal());
  });
  const programs = new Map<string, Promise<Program>>();
  const program = (key: string, trace: () => Graph) => {
    const compiled = programs.get(key) ?? backend.compile(trace());
    programs.set(key, compiled);
    return compiled;
  };
  const diagonal = each((name) => new Float32Array(sizes[name]).fill(lambda));
  let weights = first;
  let standard: Standard = { mean: new Float32Array(inputs), scale: new Float32Array(inputs).fill(1) };

  const parameter = (name: Name, prefix = "") => input(prefix + name, shapes[name]);
  const value = (data: Float32Array, shape: readonly number[]) => backend.value(data, shape);

  function network(x: Tensor) {
    const [w1, b1, w2, b2] = names.map((name) => parameter(name)) as [Tensor, Tensor, Tensor, Tensor];
    const before = linear(x, w1, b1); // [n, hidden]
    const after = relu(before);
    return { w1, b1, w2, b2, before, after, output: reshape(linear(after, w2, b2), [-1]) };
  }

  /** One step of Adam (1412.6980) on Σ_i share_i·(f(x_i) − y_i)², decay added to the gradient as torch's Adam does. */
  function stepGraph(rows: number): Graph {
    const { output, ...found } = network(input("x", [rows, inputs]));
    const loss = sum(mul(input("share", [rows]), square(sub(output, input("y", [rows])))));
    const of = names.map((name) => found[name]);
    const [decay, rate, scale] = ["decay", "rate", "scale"].map((name) => input(name, [1])) as [Tensor, Tensor, Tensor];
    const outputs: Record<string, Tensor> = {};
    gradients(loss, of).forEach((raw, i) => {
      const name = names[i] as Name;
      const g = add(raw, mul(decay, of[i] as Tensor));
      const m = add(mul(parameter(name, "m."), 0.9), mul(g, 0.1));
      const v = add(mul(parameter(name, "v."), 0.999), mul(square(g), 0.001));
      outputs[`new.${name}`] = sub(of[i] as Tensor, div(mul(rate, m), add(mul(sqrt(v), scale), 1e-8)));
      outputs[`new.m.${name}`] = m;
      outputs[`new.v.${name}`] = v;
    });
    return graph(outputs);
  }

  /** g is known in closed form: with s = w2 where the unit is on, ∂f/∂w1 = s·xᵀ, ∂f/∂b1 = s, ∂f/∂w2 = relu, ∂f/∂b2 = 1. */
  function estimateGraph(rows: number): Graph {
    const x = input("x", [rows, inputs]);
    const { w2, before, after, output } = network(x);
    const slopes = square(where(greater(before, 0), w2, mul(before, 0))); // s², [rows, hidden]
    const [u1, c1, u2, c2] = names.map((name) => parameter(name, "inverse.")) as [Tensor, Tensor, Tensor, Tensor];
    const lower = sum(mul(slopes, add(matmul(square(x), transpose(u1, [1, 0])), c1)), 1);
    const upper = sum(mul(square(after), u2), 1);
    const spread = mul(constant([lambda * nu]), add(add(lower, upper), c2));
    return graph({ mean: output, unsure: sqrt(spread), slopes, units: square(after) });
  }

  async function estimate(contexts: readonly Float32Array[]) {
    const rows = bucket(contexts.length);
    const run = await program(`estimate ${rows}`, () => estimateGraph(rows));
    const owned = {
      x: value(standardise(contexts, rows, standard), [rows, inputs]),
      ...valuesOf(weights),
      ...valuesOf(
        each((name) => diagonal[name].map((u) => 1 / u)),
        "inverse.",
      ),
    };
    const result = await run.run(owned);
    const read = async (name: string) => Float32Array.from((await backend.read(result[name] as Value)) as Float32Array);
    const [mean, unsure, slopes, units] = [
      await read("mean"),
      await read("unsure"),
      await read("slopes"),
      await read("units"),
    ];
    for (const each of [...Object.values(owned), ...Object.values(result)]) each.dispose();
    return { mean, unsure, slopes, units };
  }

  function valuesOf(from: Weights, prefix = ""): Record<string, Value> {
    return Object.fromEntries(names.map((name) => [prefix + name, value(from[name].slice(), shapes[name])]));
  }

  return {
    async fit(contexts, rewards, signal) {
      const n = contexts.length;
      if (n === 0) return;
      standard = standardOf(contexts, inputs);
      const rows = bucket(n);
      const run = await program(`step ${rows}`, () => stepGraph(rows));
      const padded = (of: (i: number) => number) => Float32Array.from({ length: rows }, (_, i) => (i < n ? of(i) : 0));
      const data = {
        x: value(standardise(contexts, rows, standard), [rows, inputs]),
        y: value(
          padded((i) => rewards[i] as number),
          [rows],
        ),
        share: value(
          padded(() => 1 / n),
          [rows],
        ),
        decay: value(Float32Array.of(lambda / n), [1]),
      };
      const zeros = each((name) => new Float32Array(sizes[name]));
      let state: Record<string, Value> = { ...valuesOf(first), ...valuesOf(zeros, "m."), ...valuesOf(zeros, "v.") };
      for (let t = 1; t <= options.steps; t++) {
        signal?.throwIfAborted();
        const scalars = {
          rate: value(Float32Array.of(options.learningRate / (1 - 0.9 ** t)), [1]),
          scale: value(Float32Array.of(1 / Math.sqrt(1 - 0.999 ** t)), [1]),
        };
        const next = await run.run({ ...data, ...state, ...scalars });
        for (const old of [...Object.values(state), ...Object.values(scalars)]) old.dispose();
        state = Object.fromEntries(Object.entries(next).map(([name, kept]) => [name.slice("new.".length), kept]));
      }
      const fitted: Partial<Record<Name, Float32Array>> = {};
      for (const name of names) fitted[name] = Float32Array.from(await backend.read(state[name] as Value), Number);
      weights = fitted as Weights;
      for (const each of [...Object.values(state), ...Object.values(data)]) each.dispose();
    },
    async estimate(contexts) {
      const { mean, unsure } = await estimate(contexts);
      return contexts.map((_, i) => ({ mean: mean[i] as number, unsure: unsure[i] as number }));
    },
    async chosen(context) {
      const { slopes, units } = await estimate([context]);
      const x = standardise([context], 1, standard);
      for (let j = 0; j < hidden; j++) {
        const slope = slopes[j] as number;
        for (let i = 0; i < inputs; i++) {
          const at = j * inputs + i;
          diagonal.w1[at] = (diagonal.w1[at] as number) + slope * (x[i] as number) ** 2;
        }
        diagonal.b1[j] = (diagonal.b1[j] as number) + slope;
        diagonal.w2[j] = (diagonal.w2[j] as number) + (units[j] as number);
      }
      diagonal.b2[0] = (diagonal.b2[0] as number) + 1;
    },
    [Symbol.dispose]() {
      for (const compiled of programs.values()) {
        compiled.then(
          (ready) => ready.dispose(),
          () => {},
        );
      }
      programs.clear();
    },
  };
}

const each = (make: (name: Name) => Float32Array): Weights => ({
  w1: make("w1"),
  b1: make("b1"),
  w2: make("w2"),
  b2: make("b2"),
});

interface Standard {
  readonly mean: Float32Array;
  /** 1 / standard deviation; 0 for a dimension that does not vary. */
  readonly scale: Float32Array;
}

function standardOf(contexts: readonly Float32Array[], inputs: number): Standard {
  const n = contexts.length;
  const mean = new Float32Array(inputs);
  const scale = new Float32Array(inputs);
  for (let i = 0; i < inputs; i++) {
    const numbers = contexts.map((context) => context[i] as number);
    const average = numbers.reduce((a, b) => a + b, 0) / n;
    const spread = Math.sqrt(numbers.reduce((a, b) => a + (b - average) ** 2, 0) / n);
    mean[i] = average;
    scale[i] = spread > 1e-6 ? 1 / spread : 0;
  }
  return { mean, scale };
}

/** [rows, inputs], filled up with zeros. */
function standardise(contexts: readonly Float32Array[], rows: number, { mean, scale }: Standard): Float32Array {
  const inputs = mean.length;
  const all = new Float32Array(rows * inputs);
  contexts.forEach((context, row) => {
    for (let i = 0; i < inputs; i++) {
      all[row * inputs + i] = ((context[i] as number) - (mean[i] as number)) * (scale[i] as number);
    }
  });
  return all;
}

/** Few shapes, few programs: the next power of two, 1 alone. */
const bucket = (n: number) => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
