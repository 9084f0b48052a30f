// Runs one training task in a run folder: fit, log, checkpoint, evaluate on the way, write the result. Teaching and unlearning differ only in
// what they hand over. Knows neither objectives nor metrics.

import { join } from "node:path";
import type { Reporter } from "../core/events.ts";
import type { JsonObject } from "../core/json-file.ts";
import { loadModel } from "../models/load.ts";
import { saveAdapter } from "../models/lora.ts";
import type { Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import { hashWeights } from "../models/weights-hash.ts";
import type { StoredCheckpoint } from "./checkpoint.ts";
import { type BatchSource, type Checkpoint, fit } from "./fit.ts";
import type { Loss } from "./loss.ts";
import { adamWOf, scheduleOf, type TrainingOptions } from "./options.ts";
import type { Reference } from "./reference.ts";
import type { RunFolder } from "./run-folder.ts";

export interface TrainingRun {
  readonly folder: RunFolder;
  readonly model: Model;
  /** Full names of the weights that may move. */
  readonly trainable: readonly string[];
  readonly loss: Loss;
  readonly batches: BatchSource;
  readonly totalSteps: number;
  readonly reference?: Reference | undefined;
  readonly training: TrainingOptions;
  /** A checkpoint every so many steps; 0: none. */
  readonly checkpointEvery: number;
  /** Called at step 0, every `evaluateEvery` steps, and at the end. */
  readonly evaluate?: ((step: number) => Promise<void>) | undefined;
  /** 0: only at the beginning and the end. */
  readonly evaluateEvery: number;
  readonly save: {
    /** config.json to write beside the weights. */
    readonly config: JsonObject;
    /** Folder with the tokenizer files. */
    readonly tokenizer: string;
    readonly dtype: "float32" | "bfloat16" | "float16";
    /** Base model named in an adapter's config; without one no adapter is kept. */
    readonly adapterBase: string | undefined;
  };
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains, and leaves `model/` (a Hugging Face folder, LoRA merged) and, for LoRA over a stored model, `adapter/` in the run folder. What an abort finds done, or an
 * evaluation that fails, is kept as a checkpoint.
 */
export async function runTraining(run: TrainingRun): Promise<void> {
  const { folder, model, totalSteps, report, signal } = run;
  const { restored } = folder;
  if (model.lora.size > 0 && run.save.adapterBase === undefined) warnOfLostAdapter(report);
  await folder.begin(await hashWeights(model, { lora: false }));
  if (!restored) await run.evaluate?.(0);
  let last = performance.now();
  const keep = async (take: () => Promise<Checkpoint>, rest: Partial<StoredCheckpoint> = {}) => {
    const checkpoint = await take();
    const stored = { checkpoint, logBytes: folder.logBytes(), evaluationDue: false, ...rest };
    report({ type: "checkpoint-write", step: checkpoint.step, path: await folder.writeCheckpoint(stored) });
  };
  const evaluate = async (step: number, take: () => Promise<Checkpoint>) => {
    const logBytes = folder.logBytes();
    try {
      await run.evaluate?.(step);
    } catch (error) {
      // The step's training is not to be lost with its evaluation; of a second failure the first tells more.
      if (restored?.checkpoint.step !== step) await keep(take, { logBytes, evaluationDue: true }).catch(() => {});
      throw error;
    }
  };
  await fit({
    model,
    trainable: run.trainable,
    loss: run.loss,
    batches: run.batches,
    reference: run.reference,
    schedule: scheduleOf(run.training, totalSteps),
    adamw: adamWOf(run.training),
    accumulation: run.training.accumulation,
    clipNorm: run.training.clipNorm ?? undefined,
    residuals: run.training.residuals,
    resume: restored?.checkpoint,
    signal,
    report,
    afterResume: async (step, checkpoint) => {
      if (restored?.evaluationDue) await evaluate(step, checkpoint);
    },
    afterStep: async (line, checkpoint) => {
      folder.logStep(line, (performance.now() - last) / 1000);
      const { step } = line;
      const due = step === totalSteps || (run.evaluateEvery > 0 && step % run.evaluateEvery === 0);
      if (due) await evaluate(step, checkpoint);
      if (run.checkpointEvery > 0 && step % run.checkpointEvery === 0 && step < totalSteps) await keep(checkpoint);
      last = performance.now();
    },
    onAbort: (checkpoint) => keep(checkpoint),
  });
  // From here on an abort comes too late: what took long is done.
  const { config, tokenizer, dtype, adapterBase } = run.save;
  if (model.lora.size > 0 && adapterBase !== undefined) {
    await saveAdapter(model, join(folder.path, "adapter"), { baseModel: adapterBase });
  }
  const saved = join(folder.path, "model");
  await saveModel(model, saved, { config, copyFilesFrom: tokenizer, dtype, overwrite: true });
  using written = loadModel(saved, model.backend);
  await folder.finish(await hashWeights(written));
}

function warnOfLostAdapter(report: Reporter): void {
  report({
    type: "warning",
    text: "this run keeps no adapter/, only the merged model/: the weights it begins with are stored nowhere that an adapter could name.",
    hint: "Begin with a stored model, without `adapter`, to keep the new adapter apart.",
  });
}
