// The training loop: batches in, updated parameters out, with schedule, accumulation, clipping, checkpoints and events.
// Serves teaching and unlearning alike; knows neither where batches come from nor what the loss is for.

import type { Reporter } from "../core/events.ts";
import type { MetricsLogLine } from "../core/metrics-log.ts";
import type { Model } from "../models/model.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import type { ResidualPolicy } from "../models/stages.ts";
import { type AdamW, type AdamWOptions, createAdamW } from "./adamw.ts";
import type { Loss } from "./loss.ts";
import type { LossBatch } from "./loss-batch.ts";
import { createParameterStore, type OptimiserState, type ParameterStore } from "./parameters.ts";
import type { Reference } from "./reference.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { lossAndGradients } from "./step.ts";

/** Endless supply of batches whose position can be saved and restored exactly. */
export interface BatchSource {
  next(): LossBatch;
  /** Epochs done, fractional, for the log. */
  readonly epoch: number;
  save(): unknown;
  restore(position: never): void;
}

/** Everything needed to continue after step `step` as if nothing had happened. */
export interface Checkpoint {
  readonly step: number;
  readonly batches: unknown;
  readonly optimiser: OptimiserState;
}

export interface FitOptions {
  readonly model: Model;
  /** Full names of the weights that may move. */
  readonly trainable: Iterable<string>;
  readonly loss: Loss;
  readonly batches: BatchSource;
  readonly reference?: Reference | undefined;
  readonly schedule: ScheduleOptions;
  readonly adamw: AdamWOptions;
  /** Batches per optimiser step; their gradients are averaged. */
  readonly accumulation: number;
  readonly clipNorm?: number | undefined;
  readonly residuals?: ResidualPolicy;
  readonly resume?: Checkpoint | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly report: Reporter;
  /** Called after every step, once the parameters are updated; writes logs and checkpoints, evaluates. */
  readonly afterStep?: (line: MetricsLogLine, checkpoint: () => Promise<Checkpoint>) => Promise<void>;
}

/** Trains for `schedule.totalSteps` optimiser steps. The model's weights are the result. @throws the signal's reason when aborted. */
export async function fit(options: FitOptions): Promise<void> {
  const { model, loss, batches, reference, schedule, accumulation, signal, report } = options;
  using store = await createParameterStore(model, options.trainable);
  const optimiser = createAdamW(model.backend, store, options.adamw);
  const runner = createStageRunner(model, {
    trainable: new Set(store.names),
    gradients: store.gradients,
    residuals: options.residuals ?? "save",
  });
  let step = await resume(options, store, optimiser);
  const started = performance.now();
  const firstStep = step;
  let tokens = 0;
  for (; step < schedule.totalSteps; step++) {
    signal?.throwIfAborted();
    runner.startStep();
    let lossSum = 0;
    let labelled = 0;
    const terms: Record<string, number> = {};
    for (let part = 0; part < accumulation; part++) {
      const batch = batches.next();
      const value = await lossAndGradients(runner, loss, batch, reference, signal);
      lossSum += value.loss;
      for (const [name, term] of Object.entries(value.terms)) terms[name] = (terms[name] ?? 0) + term / accumulation;
      tokens += batch.tokenCount;
      labelled += batch.labelled;
    }
    const learningRate = learningRateAt(step, schedule);
    const { gradientNorm } = await optimiser.step(learningRate, {
      clipNorm: options.clipNorm,
      gradientScale: 1 / accumulation,
    });
    const line: MetricsLogLine = {
      step: step + 1,
      epoch: batches.epoch,
      loss: lossSum / accumulation,
      terms,
      learningRate,
      gradientNorm,
      tokens: labelled,
    };
    const seconds = (performance.now() - started) / 1000;
    report({
      type: "step-end",
      step: step + 1,
      steps: schedule.totalSteps,
      epoch: Math.floor(batches.epoch),
      loss: lossSum / accumulation,
      terms,
      learningRate,
      gradientNorm,
      tokens,
      tokensPerSecond: tokens / seconds,
      secondsLeft: (seconds / (step + 1 - firstStep)) * (schedule.totalSteps - step - 1),
    });
    const done = step + 1;
    await options.afterStep?.(line, async () => ({
      step: done,
      batches: batches.save(),
      optimiser: await store.save(),
    }));
  }
}

/** Puts parameters, optimiser and batches back where the checkpoint left them; returns the next step. */
async function resume(
  { resume: checkpoint, batches }: FitOptions,
  store: ParameterStore,
  optimiser: AdamW,
): Promise<number> {
  if (!checkpoint) return 0;
  await store.restore(checkpoint.optimiser);
  batches.restore(checkpoint.batches as never);
  optimiser.steps = checkpoint.step;
  return checkpoint.step;
}
