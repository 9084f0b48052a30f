// Carries a run out in its folder: measure, train, log, checkpoint, measure, write the result. Teaching and unlearning differ only in
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
import { type BatchSource, type Checkpoint, fit, type Trained } from "./fit.ts";
import type { Loss } from "./loss.ts";
import type { Narrowing } from "./narrowing.ts";
import { adamWOf, scheduleOf, type TrainingOptions } from "./options.ts";
import type { WeightMasks } from "./parameters.ts";
import type { Reference } from "./reference.ts";
import type { RunFolder } from "./run-folder.ts";
import type { WeightTerm } from "./weight-term.ts";

export interface RunSettings {
  readonly folder: RunFolder;
  readonly model: Model;
  /** SHA-256 of the weights that the run begins with; those without any LoRA when left out. */
  readonly weightsBefore?: string | undefined;
  /** A checkpoint every so many steps; 0: none. */
  readonly checkpointEvery: number;
  /** Measures the model before the first training, every `evaluateEvery` steps, and when everything is done. */
  readonly evaluate?: ((step: number, moment: Moment) => Promise<void>) | undefined;
  /** 0: only before and after. */
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

/** Where in a run a measurement is taken. */
export type Moment = "before" | "during" | "after";

export interface TrainingTask {
  /** Full names of the weights that may move. */
  readonly trainable: readonly string[];
  /** Of some of them only these numbers. */
  readonly masks?: WeightMasks | undefined;
  /** How what moves is chosen anew on the way. */
  readonly narrowing?: Narrowing | undefined;
  readonly loss: Loss;
  /** Added to every batch's loss. */
  readonly weightTerm?: WeightTerm | undefined;
  readonly batches: BatchSource;
  readonly totalSteps: number;
  readonly reference?: Reference | undefined;
  readonly training: TrainingOptions;
  /** True when more than measuring and saving comes after it: its end is then kept until the run is finished, and the way there is not measured. */
  readonly goesOn?: boolean;
}

/**
 * Trains the run's model as it then is; its weights are the result. Of a resumed run every training is called for again: those that were done give
 * their end at once.
 */
export type Train = (task: TrainingTask) => Promise<void>;

/** Measures the model between two trainings, when the run measures on its way; of a resumed run only what was not measured before. */
export type Measure = () => Promise<void>;

/**
 * Carries out `work`, which trains, and leaves `model/` (a Hugging Face folder, LoRA merged) and, for LoRA over a stored model, `adapter/` in the run folder. What an
 * abort finds trained, or an evaluation that fails, is kept as a checkpoint.
 */
export async function runInFolder(
  run: RunSettings,
  work: (train: Train, measure: Measure) => Promise<void>,
): Promise<void> {
  const { folder, model } = run;
  if (model.lora.size > 0 && run.save.adapterBase === undefined) warnOfLostAdapter(run.report);
  await folder.begin(run.weightsBefore ?? (await hashWeights(model, { lora: false })));
  if (!folder.restored) await run.evaluate?.(0, "before");
  let end: End | undefined;
  let steps = 0;
  const train: Train = async (task) => {
    end?.trained[Symbol.dispose]();
    end = await trainInFolder(run, task, steps);
    steps += task.totalSteps;
  };
  const measure: Measure = async () => {
    const logged = folder.restored !== undefined && folder.restored.checkpoint.step > steps;
    if (run.evaluateEvery > 0 && !logged) await run.evaluate?.(steps, "during");
  };
  try {
    await work(train, measure);
    await run.evaluate?.(steps, "after");
  } catch (error) {
    // A training is not to be lost with what comes after it; of a second failure the first tells more.
    await end?.keep().catch(() => {});
    throw error;
  } finally {
    end?.trained[Symbol.dispose]();
  }
  // From here on an abort comes too late: what took long is done.
  if (model.lora.size > 0 && run.save.adapterBase !== undefined) await saveAs("adapter", run, folder.path);
  const saved = await saveAs("model", run, folder.path);
  using written = loadModel(saved, model.backend);
  await folder.finish(await hashWeights(written));
}

/** Keeps a model that is not the run's last, in a folder of its own in the run folder: as an adapter where that says all, else whole. */
export async function keepModel(run: RunSettings, name: string, model: Model): Promise<void> {
  const asAdapter = model.lora.size > 0 && run.save.adapterBase !== undefined;
  await saveAs(asAdapter ? "adapter" : "model", { ...run, model }, join(run.folder.path, name));
}

async function saveAs(
  what: "adapter" | "model",
  { model, save }: Pick<RunSettings, "model" | "save">,
  folder: string,
): Promise<string> {
  const path = join(folder, what);
  const { config, tokenizer, dtype, adapterBase } = save;
  if (what === "adapter") await saveAdapter(model, path, { baseModel: adapterBase });
  else await saveModel(model, path, { config, copyFilesFrom: tokenizer, dtype, overwrite: true });
  return path;
}

/** A training's end. */
interface End {
  readonly trained: Trained;
  /** Writes its checkpoint unless it is there already. */
  keep(): Promise<void>;
}

/** `offset`: steps of the run before this training, by which its own are numbered on in logs and checkpoints. */
async function trainInFolder(run: RunSettings, task: TrainingTask, offset: number): Promise<End> {
  const { folder, report, signal } = run;
  const { totalSteps, goesOn = false } = task;
  const restored = await folder.restoredIn(offset, offset + totalSteps);
  let kept = restored && restored.checkpoint.step - offset;
  let last = performance.now();
  const keep = async (take: () => Promise<Checkpoint>, rest: Partial<StoredCheckpoint> = {}) => {
    const taken = await take();
    const step = offset + taken.step;
    const stored = { checkpoint: { ...taken, step }, logBytes: folder.logBytes(), evaluationDue: false, ...rest };
    report({ type: "checkpoint-write", step, path: await folder.writeCheckpoint(stored, offset) });
    kept = taken.step;
  };
  const evaluate = async (step: number, take: () => Promise<Checkpoint>) => {
    const logBytes = folder.logBytes();
    try {
      await run.evaluate?.(offset + step, "during");
    } catch (error) {
      // The step's training is not to be lost with its evaluation; of a second failure the first tells more.
      if (kept !== step) await keep(take, { logBytes, evaluationDue: true }).catch(() => {});
      throw error;
    }
  };
  const trained = await fit({
    model: run.model,
    trainable: task.trainable,
    masks: task.masks,
    narrowing: task.narrowing,
    loss: task.loss,
    weightTerm: task.weightTerm,
    batches: task.batches,
    reference: task.reference,
    schedule: scheduleOf(task.training, totalSteps),
    adamw: adamWOf(task.training),
    accumulation: task.training.accumulation,
    clipNorm: task.training.clipNorm ?? undefined,
    residuals: task.training.residuals,
    prefixBytes: task.training.prefixMegabytes * 2 ** 20,
    resume: restored && { ...restored.checkpoint, step: restored.checkpoint.step - offset },
    signal,
    report,
    afterResume: async (step, checkpoint) => {
      if (restored?.evaluationDue) await evaluate(step, checkpoint);
    },
    afterStep: async (line, checkpoint) => {
      folder.logStep({ ...line, step: offset + line.step }, (performance.now() - last) / 1000);
      const { step } = line;
      if (step < totalSteps) {
        if (!goesOn && run.evaluateEvery > 0 && step % run.evaluateEvery === 0) await evaluate(step, checkpoint);
        if (run.checkpointEvery > 0 && step % run.checkpointEvery === 0) await keep(checkpoint);
      }
      last = performance.now();
    },
    onAbort: (checkpoint) => keep(checkpoint),
  });
  const logBytes = folder.logBytes();
  const end: End = {
    trained,
    keep: async () => {
      if (kept !== totalSteps) await keep(trained.checkpoint, { logBytes });
    },
  };
  if (goesOn) await end.keep();
  return end;
}

function warnOfLostAdapter(report: Reporter): void {
  report({
    type: "warning",
    text: "this run keeps no adapter/, only the merged model/: the weights it begins with are stored nowhere that an adapter could name.",
    hint: "Begin with a stored model, without `adapter`, to keep the new adapter apart.",
  });
}
