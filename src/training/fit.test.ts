// The training loop on a tiny model: it learns, it resumes in the same bytes, accumulation and clipping do what they say.

import { afterAll, expect, test } from "vitest";
import { createBitSet, setBit } from "../core/bit-set.ts";
import { ConfigError } from "../core/errors.ts";
import { silent } from "../core/events.ts";
import type { MetricsLogLine } from "../core/metrics-log.ts";
import { createRandom } from "../core/random.ts";
import type { Sequence } from "../data/batching.ts";
import { initialiseModel } from "../models/load.ts";
import { addLora } from "../models/lora.ts";
import type { Model } from "../models/model.ts";
import { hashWeights } from "../models/weights-hash.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { logSigmoid, mean, mul, neg, sub } from "../tensor/index.ts";
import { createAdamW } from "./adamw.ts";
import { createBatchSupply } from "./batches.ts";
import { type Checkpoint, type FitOptions, fit } from "./fit.ts";
import type { Loss } from "./loss.ts";
import type { Narrowing } from "./narrowing.ts";
import { createParameterStore } from "./parameters.ts";
import { computeReference } from "./reference.ts";
import { learningRateAt } from "./schedule.ts";

const backend = await createOrtBackend({ device: "cpu" });
afterAll(() => backend.dispose());

const config = {
  model_type: "llama",
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  vocab_size: 30,
  max_position_embeddings: 32,
  tie_word_embeddings: true,
  initializer_range: 0.1,
};
const newModel = () => initialiseModel(config, backend, createRandom(1));

const sequences: Sequence[] = Array.from({ length: 6 }, (_, i) => {
  const tokens = Array.from({ length: 6 + i }, (_, t) => 1 + ((7 * i + 3 * t * t) % 29));
  return { ids: Int32Array.from(tokens.slice(0, -1)), labels: Int32Array.from(tokens.slice(1)) };
});
const descent: Loss = {
  name: "descent",
  branches: ["forget"],
  terms: ({ forget }) => ({ loss: forget.meanNll(), terms: {} }),
};

function optionsFor(model: Model, extra: Partial<FitOptions> = {}): FitOptions {
  return {
    model,
    trainable: [...model.weights.keys()],
    loss: descent,
    batches: createBatchSupply({ forget: sequences }, { batchSize: 2, random: createRandom(2) }),
    schedule: { schedule: "cosine", learningRate: 0.01, warmupSteps: 2, totalSteps: 12, finalRatio: 0 },
    adamw: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 },
    accumulation: 1,
    clipNorm: 1,
    report: silent,
    ...extra,
  };
}

async function run(model: Model, extra: Partial<FitOptions> = {}) {
  const lines: MetricsLogLine[] = [];
  const checkpoints: Checkpoint[] = [];
  using _ = await fit(
    optionsFor(model, {
      afterStep: async (line, checkpoint) => {
        lines.push(line);
        if (line.step % 5 === 0) checkpoints.push(structuredClone(await checkpoint()));
      },
      ...extra,
    }),
  );
  return { lines, checkpoints, hash: await hashWeights(model) };
}

test("a tiny model learns a few sequences by heart", async () => {
  using model = newModel();
  const { lines } = await run(model, {
    schedule: { schedule: "linear", learningRate: 0.02, warmupSteps: 5, totalSteps: 150, finalRatio: 0.1 },
  });
  expect(lines[0]?.loss).toBeGreaterThan(3);
  expect(lines.at(-1)?.loss).toBeLessThan(0.2);
});

test("resumed from any checkpoint, a run ends in the same bytes and writes the same lines", async () => {
  using whole = newModel();
  const full = await run(whole);
  for (const checkpoint of full.checkpoints) {
    using again = newModel();
    const rest = await run(again, { resume: checkpoint });
    expect(rest.hash).toBe(full.hash);
    expect(rest.lines).toEqual(full.lines.slice(checkpoint.step));
  }
  expect(full.checkpoints.map((c) => c.step)).toEqual([5, 10]);
});

test("the same seed gives the same bytes; another seed does not", async () => {
  using a = newModel();
  using b = newModel();
  using c = newModel();
  const first = await run(a);
  expect((await run(b)).hash).toBe(first.hash);
  const other = createBatchSupply({ forget: sequences }, { batchSize: 2, random: createRandom(3) });
  expect((await run(c, { batches: other })).hash).not.toBe(first.hash);
});

/** The gradient of one step, unclipped: Adam's first moment after it is (1 − beta1)·g. */
async function gradientOf(extra: Partial<FitOptions>): Promise<Float32Array> {
  using model = newModel();
  let gradient = new Float32Array();
  using _ = await fit(
    optionsFor(model, {
      adamw: { beta1: 0.5, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
      schedule: { schedule: "constant", learningRate: 0.01, warmupSteps: 0, totalSteps: 1, finalRatio: 1 },
      clipNorm: undefined,
      afterStep: async (_, checkpoint) => {
        gradient = (await checkpoint()).optimiser.firstMoments.map((m) => m / 0.5);
      },
      ...extra,
    }),
  );
  return gradient;
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);

test("recomputing residuals gives the gradient that saving them gives", async () => {
  const saved = await gradientOf({ residuals: "save" });
  const recomputed = await gradientOf({ residuals: "recompute" });
  expect(Math.hypot(...saved)).toBeGreaterThan(0.1);
  expect(worst(saved, recomputed)).toBeLessThan(1e-6);
});

test("three accumulated batches step with the mean of their gradients", async () => {
  const supply = () => createBatchSupply({ forget: sequences }, { batchSize: 2, random: createRandom(2) });
  const accumulated = await gradientOf({ batches: supply(), accumulation: 3 });
  const source = supply();
  const singles: Float32Array[] = [];
  for (let i = 0; i < 3; i++) singles.push(await gradientOf({ batches: source }));
  expect(worst(singles[0] as Float32Array, singles[1] as Float32Array)).toBeGreaterThan(0.01);
  const mean = accumulated.map((_, i) => singles.reduce((sum, one) => sum + (one[i] as number), 0) / 3);
  expect(worst(accumulated, mean)).toBeLessThan(1e-6);
});

test("speed and time left count the steps, not what is done between them", async () => {
  using model = newModel();
  const seen: { secondsLeft: number; tokens: number; tokensPerSecond: number }[] = [];
  const schedule = { schedule: "constant", learningRate: 0.01, warmupSteps: 0, totalSteps: 4, finalRatio: 1 } as const;
  const pause = 300;
  using _ = await fit(
    optionsFor(model, {
      schedule,
      report: (event) => {
        if (event.type === "step-end") seen.push(event);
      },
      afterStep: () => new Promise((resolve) => setTimeout(resolve, pause)),
    }),
  );
  const last = seen.at(-1);
  expect((last?.tokens as number) / (last?.tokensPerSecond as number)).toBeLessThan((3 * pause) / 1000);
  expect(seen[2]?.secondsLeft).toBeLessThan(pause / 1000);
});

test("a run in which no weight may move is refused", async () => {
  using model = newModel();
  await expect(run(model, { trainable: [] })).rejects.toBeInstanceOf(ConfigError);
});

test("AdamW equals its definition in float64 over several steps, decay and clipping included", async () => {
  using model = newModel();
  using store = await createParameterStore(model, ["model.norm.weight", "model.layers.0.mlp.up_proj.weight"]);
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 };
  const optimiser = createAdamW(backend, store, settings);
  const start = Float64Array.from((await store.save()).parameters);
  const matrix = 32 * 16; // what decays comes first
  const [p, m, v] = [start.slice(), new Float64Array(start.length), new Float64Array(start.length)];
  for (let t = 1; t <= 4; t++) {
    const gradient = Float32Array.from(start, (_, i) => Math.sin(i * t) * (t === 2 ? 10 : 0.01));
    let offset = 0;
    for (const value of store.gradients.values()) {
      const size = value.shape.reduce((a, b) => a * b, 1);
      await backend.write(value, gradient.slice(offset, offset + size));
      offset += size;
    }
    const norm = Math.hypot(...gradient);
    const result = await optimiser.step(0.01, { clipNorm: 1 });
    expect(result.gradientNorm).toBeCloseTo(norm, 3);
    const scale = norm > 1 ? 1 / (norm + 1e-6) : 1;
    for (let i = 0; i < p.length; i++) {
      const g = (gradient[i] as number) * scale;
      m[i] = 0.9 * (m[i] as number) + 0.1 * g;
      v[i] = 0.95 * (v[i] as number) + 0.05 * g * g;
      const decay = i < matrix ? 1 - 0.01 * 0.1 : 1;
      const update = (m[i] as number) / (1 - 0.9 ** t) / (Math.sqrt((v[i] as number) / (1 - 0.95 ** t)) + 1e-6);
      p[i] = (p[i] as number) * decay - 0.01 * update;
    }
  }
  const { parameters } = await store.save();
  parameters.forEach((x, i) => {
    expect(Math.abs(x - (p[i] as number))).toBeLessThan(1e-5);
  });
});

test("only the trainable weights move", async () => {
  using model = newModel();
  const before = new Map<string, Float32Array>();
  for (const [name, value] of model.weights)
    before.set(name, Float32Array.from((await backend.read(value)) as Float32Array));
  const names = addLora(model, { rank: 2, alpha: 4, targets: ["q_proj", "down_proj"] }, createRandom(9));
  await run(model, { trainable: names });
  for (const [name, data] of before) expect(await backend.read(model.weights.get(name)!)).toEqual(data);
  const moved = await backend.read(model.weights.get("model.layers.1.mlp.down_proj.lora_B.weight")!);
  expect((moved as Float32Array).some((x) => x !== 0)).toBe(true);
});

test("a loss with a reference and a KL term trains, and starts with KL zero", async () => {
  using model = newModel();
  const loss: Loss = {
    name: "npo with kl",
    branches: ["forget", "retain"],
    terms: ({ forget, retain }) => {
      const kl = retain.meanOf("kl-to-reference");
      const ratio = sub(forget.sequenceNll(), forget.referenceSequenceNll());
      return { loss: sub(kl, mul(mean(logSigmoid(ratio)), 2)), terms: { kl, ratio: mean(ratio) } };
    },
  };
  const examples = { forget: sequences, retain: sequences };
  using reference = await computeReference(model, loss, examples);
  const batches = createBatchSupply(examples, { batchSize: 3, random: createRandom(2) });
  const { lines } = await run(model, { loss, batches, reference });
  expect(Math.abs(lines[0]?.terms.kl as number)).toBeLessThan(1e-5);
  expect(Math.abs(lines[0]?.terms.ratio as number)).toBeLessThan(1e-4);
  expect(lines.at(-1)?.terms.ratio).toBeGreaterThan(0.01);
});

test("an aborted run stops with the signal's reason", async () => {
  using model = newModel();
  const controller = new AbortController();
  const ending = run(model, {
    signal: controller.signal,
    afterStep: async ({ step }) => {
      if (step === 3) controller.abort(new Error("stopped by test"));
    },
  });
  await expect(ending).rejects.toThrow("stopped by test");
});

test("a loss that asks for ascent ascends", async () => {
  using model = newModel();
  const ascent: Loss = {
    ...descent,
    terms: ({ forget }) => ({ loss: neg(forget.meanNll()), terms: { ce: forget.meanNll() } }),
  };
  const { lines } = await run(model, { loss: ascent });
  expect(lines.at(-1)?.terms.ce as number).toBeGreaterThan(lines[0]?.terms.ce as number);
});

test("schedules rise in warm-up, then fall to their final share", () => {
  const at = (schedule: "constant" | "linear" | "cosine", step: number) =>
    learningRateAt(step, { schedule, learningRate: 2, warmupSteps: 4, totalSteps: 104, finalRatio: 0.1 });
  expect([at("linear", 0), at("linear", 3), at("linear", 4)]).toEqual([0.5, 2, 2]);
  expect(at("linear", 54)).toBeCloseTo(2 * 0.55);
  expect(at("cosine", 54)).toBeCloseTo(2 * (0.1 + 0.9 * 0.5));
  expect(at("linear", 104)).toBeCloseTo(0.2);
  expect(at("constant", 90)).toBe(2);
});

test("aborted in the midst of a step, the last whole step can be gone on from to the same bytes", async () => {
  using whole = newModel();
  const full = await run(whole);
  const controller = new AbortController();
  let kept: Checkpoint | undefined;
  using cut = newModel();
  const supply = createBatchSupply({ forget: sequences }, { batchSize: 2, random: createRandom(2) });
  let taken = 0;
  const next = () => {
    if (++taken === 8) controller.abort();
    return supply.next();
  };
  const batches = { ...supply, next, epoch: 0 };
  const ending = run(cut, {
    batches,
    signal: controller.signal,
    onAbort: async (checkpoint) => {
      kept = structuredClone(await checkpoint());
    },
  });
  await expect(ending).rejects.toThrow("abort");
  expect(kept?.step).toBe(7);
  using again = newModel();
  expect((await run(again, { resume: kept })).hash).toBe(full.hash);
});

test("a diverging run stops with an error that names the step and a lower rate, not with NaN weights", async () => {
  using model = newModel();
  const schedule = { schedule: "constant", learningRate: 1e20, warmupSteps: 0, totalSteps: 12, finalRatio: 1 } as const;
  const ending = run(model, { schedule, clipNorm: undefined });
  await expect(ending).rejects.toThrow(/^the (loss|gradient's norm) is \S+ at step [2-9] of 12: training diverged$/);
  await expect(ending).rejects.toMatchObject({
    code: "run",
    hint: expect.stringContaining("such as 10000000000000000000, or clip"),
  });

  using last = newModel();
  const beyond = { ...schedule, learningRate: 1e39, totalSteps: 1 };
  await expect(run(last, { schedule: beyond })).rejects.toThrow(
    "a trained weight is no longer a finite number at step 1",
  );
});

test("a checkpoint of another run is refused", async () => {
  using model = newModel();
  const { checkpoints } = await run(model);
  using other = newModel();
  const trainable = ["model.norm.weight"];
  await expect(run(other, { trainable, resume: checkpoints[0] })).rejects.toThrow(
    /holds \d+ numbers where this run trains 16/,
  );
});

test("a KL term holds a bf16 model's frozen head against the float32 one in training", async () => {
  using model = newModel();
  const { f32ToBf16 } = await import("../weights/index.ts");
  for (const [name, value] of model.weights) {
    const bits = f32ToBf16(Float32Array.from((await backend.read(value)) as Float32Array));
    model.weights.set(name, backend.value(bits, value.shape, "bfloat16"));
  }
  const loss: Loss = {
    name: "kl",
    branches: ["retain"],
    terms: ({ retain }) => ({ loss: retain.meanOf("kl-to-reference"), terms: {} }),
  };
  using reference = await computeReference(model, loss, { retain: sequences });
  expect(reference.outputWeight?.dtype).toBe("bfloat16");
  const batches = createBatchSupply({ retain: sequences }, { batchSize: 3, random: createRandom(2) });
  const { lines } = await run(model, { loss, batches, reference });
  expect(Math.abs(lines[0]?.loss as number)).toBeLessThan(1e-5);
});

test("resumed, a masked run ends in the same bytes, and one that chooses anew what moves", async () => {
  const up = "model.layers.1.mlp.up_proj.weight";
  const bits = createBitSet(512);
  for (let i = 0; i < 512; i += 5) setBit(bits, i);
  const everyThird: Narrowing = {
    every: 3,
    first: [up],
    texts: { forget: sequences, retain: [] },
    // The half of the weights on which the step's text pulls most.
    choose: async ({ forget }, gradientsOf) => {
      const pull = [...(await gradientsOf(forget))].map(([name, g]) => ({ name, pull: Math.hypot(...g) }));
      return pull
        .sort((a, b) => b.pull - a.pull)
        .slice(0, pull.length / 2)
        .map(({ name }) => name);
    },
  };
  for (const extra of [{ masks: new Map([[up, bits]]) }, { narrowing: everyThird }]) {
    using whole = newModel();
    const full = await run(whole, extra);
    for (const checkpoint of full.checkpoints) {
      using again = newModel();
      expect((await run(again, { ...extra, resume: checkpoint })).hash).toBe(full.hash);
    }
  }
});

test("what frozen layers make of a text is kept from its first epoch on, and the run ends in the same bytes, resumed or not", async () => {
  using plain = newModel();
  const trainable = [...plain.weights.keys()].filter((name) => name.includes("layers.1."));
  const notes: string[] = [];
  const report: FitOptions["report"] = (event) => {
    if (event.type === "note") notes.push(event.text);
  };
  const { hash, checkpoints } = await run(plain, { trainable, report });
  for (const resume of [undefined, ...checkpoints]) {
    using kept = newModel();
    expect((await run(kept, { trainable, report, prefixBytes: 1 << 20, resume })).hash).toBe(hash);
  }
  // 12 steps of 2 texts, and each of the 6 is computed once: they all lie below 16 tokens.
  expect(notes[0]).toMatch(/^the lowest layer ran for 6 of 24 texts$/);
  expect(notes).toHaveLength(3);
});
