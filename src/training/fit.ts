// The training loop: batches in, updated parameters out, with schedule, accumulation, clipping, checkpoints and events.
// Serves teaching and unlearning alike; knows neither where batches come from nor what the loss is for.

import { ConfigError, RunError } from "../core/errors.ts";
import type { Reporter, TaskEvent } from "../core/events.ts";
import type { MetricsLogLine } from "../core/metrics-log.ts";
import type { Sequence } from "../data/batching.ts";
import type { FrozenPrefix } from "../models/frozen-prefix.ts";
import type { Model } from "../models/model.ts";
import { createStageRunner, type StageRunner } from "../models/stage-runner.ts";
import type { ResidualPolicy } from "../models/stages.ts";
import { type AdamW, type AdamWOptions, createAdamW } from "./adamw.ts";
import type { BranchName, Loss, LossState } from "./loss.ts";
import type { LossBatch } from "./loss-batch.ts";
import type { Narrowing } from "./narrowing.ts";
import { createParameterStore, type OptimiserState, type ParameterStore, type WeightMasks } from "./parameters.ts";
import type { Reference } from "./reference.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { lossAndGradients } from "./step.ts";
import { readGradients, writeTextGradient } from "./text-gradient.ts";
import type { WeightTerm } from "./weight-term.ts";

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
  /** What the loss carries along, if anything. */
  readonly lossState?: LossState | undefined;
  /** The weights that move, where they are chosen anew on the way. */
  readonly moving?: readonly string[] | undefined;
}

export interface FitOptions {
  readonly model: Model;
  /** Full names of the weights that may move. */
  readonly trainable: Iterable<string>;
  /** Of some of them only these numbers. */
  readonly masks?: WeightMasks | undefined;
  readonly narrowing?: Narrowing | undefined;
  readonly loss: Loss;
  /** Added to every batch's loss. */
  readonly weightTerm?: WeightTerm | undefined;
  readonly batches: BatchSource;
  readonly reference?: Reference | undefined;
  readonly schedule: ScheduleOptions;
  readonly adamw: AdamWOptions;
  /** Batches per optimiser step; their gradients are averaged. */
  readonly accumulation: number;
  readonly clipNorm?: number | undefined;
  readonly residuals?: ResidualPolicy;
  /** Bytes of what frozen lower blocks make of the text that may be kept. Default 0. */
  readonly prefixBytes?: number;
  readonly resume?: Checkpoint | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly report: Reporter;
  /** Called when a checkpoint has been put back, before the next step. */
  readonly afterResume?: (step: number, checkpoint: () => Promise<Checkpoint>) => Promise<void>;
  /** Called after every step, once the parameters are updated; writes logs and checkpoints, evaluates. */
  readonly afterStep?: (line: MetricsLogLine, checkpoint: () => Promise<Checkpoint>) => Promise<void>;
  /** Called when the signal ends the run in the midst of a step, with the last one that was finished, if any was since the beginning or resume. */
  readonly onAbort?: (checkpoint: () => Promise<Checkpoint>) => Promise<void>;
}

/** A training that has come to its end. Disposing it frees the optimiser's state; the weights stay with the model. */
export interface Trained extends Disposable {
  readonly step: number;
  /** The state after the last step; to be taken before the trained weights are changed. */
  checkpoint(): Promise<Checkpoint>;
}

/**
 * Trains for `schedule.totalSteps` optimiser steps. The model's weights are the result.
 * @throws the signal's reason when aborted; ConfigError when no weight may move; RunError when the loss, a gradient or a parameter is no longer a finite number.
 */
export async function fit(options: FitOptions): Promise<Trained> {
  const trainable = [...options.trainable];
  if (trainable.length === 0)
    throw new ConfigError("no weight may move: there is nothing to train", { place: { key: "scope" } });
  const { masks, narrowing } = options;
  const store = await createParameterStore(options.model, trainable, { masks, byWeight: narrowing !== undefined });
  try {
    const checkpoint = await trainAll(options, store);
    return { step: options.schedule.totalSteps, checkpoint, [Symbol.dispose]: () => store[Symbol.dispose]() };
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

/** All steps; returns how to take the last one's checkpoint. */
async function trainAll(options: FitOptions, store: ParameterStore): Promise<() => Promise<Checkpoint>> {
  const { model, batches, schedule, accumulation, signal, report } = options;
  const optimiser = createAdamW(model.backend, store, options.adamw);
  const runner = createStageRunner(model, {
    trainable: new Set(store.names),
    gradients: store.gradients,
    residuals: options.residuals ?? "save",
    prefixBytes: options.prefixBytes ?? 0,
  });
  let lossState = options.resume?.lossState ?? options.loss.state?.initial;
  let moving = options.resume?.moving ?? options.narrowing?.first;
  const checkpointAt = (step: number, position: unknown) => async (): Promise<Checkpoint> => ({
    step,
    batches: position,
    optimiser: await store.save(),
    ...(lossState ? { lossState } : {}),
    ...(moving ? { moving: [...moving] } : {}),
  });
  let trainingSeconds = 0; // of steps alone: evaluations and checkpoints between them do not count
  const firstStep = await resume(options, store, optimiser);
  if (options.resume) await options.afterResume?.(firstStep, checkpointAt(firstStep, batches.save()));
  let tokens = 0;
  for (let step = firstStep; step < schedule.totalSteps; step++) {
    const position = batches.save();
    const epochBefore = batches.epoch;
    const started = performance.now();
    let sums: StepSums;
    let chosen: readonly string[] | undefined;
    try {
      signal?.throwIfAborted();
      const drawn = Array.from({ length: accumulation }, () => batches.next());
      chosen = await narrowed(step, drawn, runner, store, options);
      moving = chosen ?? moving;
      sums = await accumulateGradients(runner, drawn, store, options, lossState);
    } catch (error) {
      if (signal?.aborted && step > firstStep) await options.onAbort?.(checkpointAt(step, position));
      throw error;
    }
    const { loss, terms, labelled } = sums;
    tokens += sums.tokens;
    const learningRate = learningRateAt(step, schedule);
    if (!Number.isFinite(loss)) throw diverged(`the loss is ${loss}`, step + 1, options);
    const { gradientNorm } = await optimiser.step(learningRate, {
      clipNorm: options.clipNorm,
      gradientScale: 1 / accumulation,
      moving: moving && new Set(moving),
    });
    if (!Number.isFinite(gradientNorm)) throw diverged(`the gradient's norm is ${gradientNorm}`, step + 1, options);
    if (options.loss.state && lossState) {
      const epoch = Math.floor(epochBefore);
      lossState = options.loss.state.next(lossState, { terms, epoch, epochEnded: Math.floor(batches.epoch) > epoch });
    }
    trainingSeconds += (performance.now() - started) / 1000;
    report({
      type: "step-end",
      step: step + 1,
      steps: schedule.totalSteps,
      epoch: Math.floor(batches.epoch),
      loss,
      terms,
      learningRate,
      gradientNorm,
      tokens,
      tokensPerSecond: tokens / trainingSeconds,
      secondsLeft: (trainingSeconds / (step + 1 - firstStep)) * (schedule.totalSteps - step - 1),
    });
    const line = { step: step + 1, epoch: batches.epoch, loss, terms, learningRate, gradientNorm, tokens: labelled };
    await options.afterStep?.(
      { ...line, ...(chosen ? { moving: [...chosen] } : {}) },
      checkpointAt(step + 1, batches.save()),
    );
  }
  if (runner.prefix) report(prefixNote(runner.prefix));
  if (!(await store.save()).parameters.every(Number.isFinite)) {
    throw diverged("a trained weight is no longer a finite number", schedule.totalSteps, options);
  }
  return checkpointAt(schedule.totalSteps, batches.save());
}

const prefixNote = ({ blocks, cache: { asked, computed, bytes } }: FrozenPrefix): TaskEvent => ({
  type: "note",
  text: `the ${blocks === 1 ? "lowest layer" : `${blocks} lowest layers`} ran for ${computed} of ${asked} texts`,
  reason: `nothing moves there: what came out of them was kept, ${(bytes / 2 ** 20).toFixed(1)} MiB`,
});

interface StepSums {
  /** Averaged over the step's batches. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  /** Tokens that are not padding, and those of them with a label. */
  readonly tokens: number;
  readonly labelled: number;
}

/** Forward and backward of one step's batches. */
async function accumulateGradients(
  runner: StageRunner,
  drawn: readonly LossBatch[],
  { gradients }: ParameterStore,
  options: FitOptions,
  state: LossState | undefined,
): Promise<StepSums> {
  const { loss, weightTerm, reference, accumulation, signal } = options;
  runner.startStep();
  const terms: Record<string, number> = {};
  let [lossSum, tokens, labelled] = [0, 0, 0];
  for (const batch of drawn) {
    const value = await lossAndGradients(runner, loss, batch, reference, signal, state);
    lossSum += value.loss;
    if (weightTerm) {
      const term = await weightTerm.add(gradients);
      lossSum += weightTerm.weight * term;
      terms[weightTerm.name] = (terms[weightTerm.name] ?? 0) + term / accumulation;
    }
    for (const [name, term] of Object.entries(value.terms)) terms[name] = (terms[name] ?? 0) + term / accumulation;
    tokens += batch.tokenCount;
    labelled += batch.labelled;
  }
  return { loss: lossSum / accumulation, terms, tokens, labelled };
}

/** The weights that move from this step on, when it is time to choose them anew. */
async function narrowed(
  step: number,
  drawn: readonly LossBatch[],
  runner: StageRunner,
  store: ParameterStore,
  { model, narrowing, signal }: FitOptions,
): Promise<readonly string[] | undefined> {
  if (!narrowing || step === 0 || step % narrowing.every !== 0) return undefined;
  const textsOf = (side: "forget" | "retain", other: BranchName) =>
    drawn.flatMap(({ branches }) =>
      ((branches[side] ?? branches[other])?.items ?? []).map(({ index }) => narrowing.texts[side][index] as Sequence),
    );
  const text = { forget: textsOf("forget", "alternate"), retain: textsOf("retain", "retainAlternate") };
  return narrowing.choose(text, async (examples) => {
    await writeTextGradient(runner, examples, signal);
    return readGradients(model.backend, store.gradients);
  });
}

/** A training that has left the numbers: going on would only write NaN weights. */
function diverged(what: string, step: number, { schedule, clipNorm }: FitOptions): RunError {
  const clip = clipNorm === undefined ? ", or clip the gradient (training.clipNorm=1)" : "";
  return new RunError(`${what} at step ${step} of ${schedule.totalSteps}: training diverged`, {
    hint: `Begin again with a lower training.learningRate than ${schedule.learningRate}, such as ${Number((schedule.learningRate / 10).toPrecision(3))}${clip}.`,
    place: { key: "training.learningRate" },
  });
}

/** Puts parameters, optimiser and batches back where the checkpoint left them; returns the next step. */
async function resume(
  { resume: checkpoint, batches }: FitOptions,
  store: ParameterStore,
  optimiser: AdamW,
): Promise<number> {
  if (!checkpoint) return 0;
  const { parameters, firstMoments, secondMoments } = checkpoint.optimiser;
  for (const { length } of [parameters, firstMoments, secondMoments]) {
    if (length === store.size) continue;
    throw new RunError(`the checkpoint holds ${length} numbers where this run trains ${store.size}`, {
      hint: "It belongs to another run: delete it and resume, and the run begins again.",
    });
  }
  await store.restore(checkpoint.optimiser);
  batches.restore(checkpoint.batches as never);
  optimiser.steps = checkpoint.step;
  return checkpoint.step;
}
