// Times whole steps (forward, backward, update) of one loss under several scopes, in turn, on the same text: what leaving weights alone saves, and what
// choosing them costs. Random tokens of one length; four batches make an epoch, and the first epoch, in which frozen layers are kept, does not count.

import { silent } from "../../core/events.ts";
import { createRandom, type Random } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import type { Model } from "../../models/model.ts";
import { createStageRunner } from "../../models/stage-runner.ts";
import { neg, sub } from "../../tensor/index.ts";
import { createAdamW } from "../../training/adamw.ts";
import type { Loss } from "../../training/loss.ts";
import { assembleLossBatch, type LossBatch } from "../../training/loss-batch.ts";
import { createParameterStore } from "../../training/parameters.ts";
import { lossAndGradients } from "../../training/step.ts";
import type { Named } from "../config.ts";
import { openScope } from "./open-scope.ts";
import type { Selection } from "./scope.ts";

export interface ScopeCase {
  readonly name: string;
  readonly scope: Named;
  /** What frozen lower layers make of the text is kept. */
  readonly keepsPrefix: boolean;
}

export interface MeasuredScope {
  readonly name: string;
  /** Median milliseconds of a step. */
  readonly milliseconds: number;
  /** Median of its ratios to the first case's step in the same round. */
  readonly ratio: number;
  /** Numbers that move. */
  readonly moving: number;
  /** Seconds that choosing them took, 0 where the scope names them. */
  readonly localiseSeconds: number;
}

export interface MeasureScopesOptions {
  readonly rounds: number;
  /** Examples per side, and tokens of each. */
  readonly batch: number;
  readonly seq: number;
  readonly signal?: AbortSignal | undefined;
}

const batchesPerEpoch = 4;

/** GA + GD: ascent on the text to forget, descent on that to retain. */
const loss: Loss = {
  name: "grad-diff",
  branches: ["forget", "retain"],
  terms: ({ forget, retain }) => ({
    loss: sub(retain.meanNll(), forget.meanNll()),
    terms: { forget: neg(forget.meanNll()) },
  }),
};

/** @param open a model of its own for every case; it is disposed here */
export async function measureScopes(
  open: () => Model,
  cases: readonly ScopeCase[],
  options: MeasureScopesOptions,
): Promise<MeasuredScope[]> {
  const prepared: PreparedCase[] = [];
  try {
    for (const each of cases) prepared.push(await prepare(open(), each, options));
    const times: number[][] = [];
    for (let round = 0; round < batchesPerEpoch + options.rounds; round++) {
      const row: number[] = [];
      for (const { step } of prepared) row.push(await step(round % batchesPerEpoch));
      if (round >= batchesPerEpoch) times.push(row);
    }
    return prepared.map(({ name, moving, localiseSeconds }, i) => ({
      name,
      moving,
      localiseSeconds,
      milliseconds: median(times.map((row) => row[i] as number)),
      ratio: median(times.map((row) => (row[i] as number) / (row[0] as number))),
    }));
  } finally {
    for (const each of prepared) each[Symbol.dispose]();
  }
}

interface PreparedCase extends Pick<MeasuredScope, "name" | "moving" | "localiseSeconds">, Disposable {
  /** Milliseconds of a step on one of the epoch's batches. */
  readonly step: (batch: number) => Promise<number>;
}

async function prepare(
  model: Model,
  { name, scope: named, keepsPrefix }: ScopeCase,
  { batch, seq, signal }: MeasureScopesOptions,
): Promise<PreparedCase> {
  try {
    const random = createRandom(1);
    const text = () => Array.from({ length: batch * batchesPerEpoch }, () => randomSequence(model, seq, random));
    const sides = { forget: text(), retain: text() };
    const scope = await openScope(named);
    const candidates = scope.select(model, random);
    const plainIds = Array.from({ length: model.config.vocabularySize }, (_, id) => id);
    const started = performance.now();
    const context = {
      ...sides,
      pairs: true,
      model,
      candidates,
      modelHash: "",
      plainIds,
      random,
      report: silent,
      signal,
    };
    const selection: Selection = scope.localise ? await scope.localise(context) : { weights: candidates };
    const localiseSeconds = scope.localise ? (performance.now() - started) / 1000 : 0;
    const store = await createParameterStore(model, selection.weights, { masks: selection.masks });
    const runner = createStageRunner(model, {
      trainable: new Set(store.names),
      gradients: store.gradients,
      prefixBytes: keepsPrefix ? 2 ** 30 : 0,
    });
    const optimiser = createAdamW(model.backend, store, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 });
    const items = (list: readonly Sequence[], k: number) =>
      list.slice(k * batch, (k + 1) * batch).map((example, i) => ({ example, index: k * batch + i }));
    const batches = Array.from({ length: batchesPerEpoch }, (_, k) =>
      assembleLossBatch({ forget: items(sides.forget, k), retain: items(sides.retain, k) }, seq),
    );
    return {
      name,
      moving: store.size,
      localiseSeconds,
      step: async (k) => {
        const began = performance.now();
        runner.startStep();
        await lossAndGradients(runner, loss, batches[k] as LossBatch, undefined, signal);
        await optimiser.step(1e-6, { clipNorm: 1 });
        return performance.now() - began;
      },
      [Symbol.dispose]() {
        store[Symbol.dispose]();
        model.dispose();
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function randomSequence({ config }: Model, seq: number, random: Random): Sequence {
  const tokens = Int32Array.from({ length: seq + 1 }, () => random.integer(config.vocabularySize));
  const labels = tokens.slice(1);
  labels.fill(-100, 0, Math.floor(seq / 3));
  return { ids: tokens.slice(0, -1), labels };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
