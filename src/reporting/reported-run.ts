// A whole run, from configuration to report: teach or unlearn, measure before, on the way and after, write report.html.
// The command line and a program call the same two functions.

import { join } from "node:path";
import type { z } from "zod";
import { type Config, parseConfig } from "../core/config.ts";
import { type Reporter, silent } from "../core/events.ts";
import { writeFileAtomic } from "../core/files.ts";
import { compareColumns, evaluationOptions } from "../evaluation/index.ts";
import { isFinishedRun, resumableStep } from "../training/run-claim.ts";
import { type RunContext, unlearn as runUnlearning, teach, trainConfig, unlearnConfig } from "../unlearning/index.ts";
import { readTexts } from "../unlearning/sources/revealed/revealed-text.ts";
import { openSeal } from "../unlearning/sources/revealed/seal.ts";
import { renderReport } from "./report.ts";
import { type RunSummary, readRunFolder } from "./run-folder.ts";

/** Configuration of `train`: what to teach, and what to measure. */
export const trainRun = trainConfig.extend({ evaluation: evaluationOptions.optional() });
/** Configuration of `unlearn`: objective × scope × source × plan, and what to measure. */
export const unlearnRun = unlearnConfig.extend({ evaluation: evaluationOptions.optional() });

export interface RunOptions {
  readonly report?: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Go on with a run that was cut off; of a finished one the report is written again. */
  readonly resume?: boolean;
  /** What the manifest names as the command. */
  readonly command?: readonly string[];
}

/**
 * Teaches a model and measures what it knows afterwards. Leaves `model/`, `report.html` and everything that led to them in `config.output`.
 * @throws LetheError for whatever is wrong with the configuration, the data or the model; the signal's reason when aborted.
 */
export function train(config: z.input<typeof trainRun>, options?: RunOptions): Promise<RunSummary> {
  return runTrain(parseConfig(trainRun, { text: JSON.stringify(config) }), options);
}

/**
 * Makes a model forget and measures it before and after, and against a retrained model when `evaluation.retrained` names one.
 * Leaves `model/`, `report.html` and everything that led to them in `config.output`.
 * @throws LetheError for whatever is wrong with the configuration, the data or the model; the signal's reason when aborted.
 * @example
 * const { evaluations } = await unlearn({
 *   model: "runs/target/model",
 *   objective: { name: "npo", beta: 0.1 },
 *   forget: "forget.jsonl",
 *   retain: "retain.jsonl",
 *   training: { learningRate: 1e-4, epochs: 2 },
 *   evaluation: { sets: { forget: { data: "forget.jsonl", role: "forget", generate: true } } },
 *   output: "runs/forgotten",
 * });
 */
export function unlearn(config: z.input<typeof unlearnRun>, options?: RunOptions): Promise<RunSummary> {
  return runUnlearn(parseConfig(unlearnRun, { text: JSON.stringify(config) }), options);
}

/** `train` for a configuration that was read from a file. */
export const runTrain = (config: Config<z.output<typeof trainRun>>, options: RunOptions = {}) =>
  run(config, options, teach, { onlyAfter: true });

/** `unlearn` for a configuration that was read from a file. */
export const runUnlearn = (config: Config<z.output<typeof unlearnRun>>, options: RunOptions = {}) =>
  run(config, options, runUnlearning, { onlyAfter: false });

interface Reported {
  readonly output: string;
  readonly seed: number;
  readonly evaluation?: z.output<typeof evaluationOptions> | undefined;
}

/** `onlyAfter`: the model knows nothing worth measuring before. */
async function run<Value extends Reported>(
  { value, yaml }: Config<Value>,
  { report = silent, signal, resume = false, command = ["lethe"] }: RunOptions,
  task: (config: Omit<Value, "evaluation">, yaml: string, context: RunContext) => Promise<void>,
  { onlyAfter }: { readonly onlyAfter: boolean },
): Promise<RunSummary> {
  const { evaluation, ...config } = value;
  const started = performance.now();
  report({ type: "run-start", command: command.join(" "), folder: config.output });
  const evaluator = evaluation && compareColumns(evaluation, { report, signal }, { seed: config.seed, onlyAfter });
  const end = (outcome: "finished" | "aborted" | "failed") =>
    report({ type: "run-end", outcome, seconds: (performance.now() - started) / 1000, folder: config.output });
  try {
    if (resume && isFinishedRun(config.output, yaml)) {
      report({ type: "note", text: "This run is finished: only its report is written again." });
    } else await task(config, yaml, { report, signal, command, resume, evaluator });
    const summary = await writeReport(config.output);
    end("finished");
    return summary;
  } catch (error) {
    end(signal?.aborted ? "aborted" : "failed");
    const step = signal?.aborted ? await resumableStep(config.output) : undefined;
    if (step !== undefined) {
      const where = step === 0 ? "begins this run again" : `goes on after step ${step}`;
      report({ type: "note", text: `The same command with --resume ${where}.` });
    }
    throw error;
  }
}

export const reportPath = (folder: string) => join(folder, "report.html");

export interface ReportOptions {
  /** Show what the model revealed; without it the page is redacted. `key`: the file that it was encrypted with. */
  readonly revealed?: { readonly key?: string | undefined };
}

/** Reads a run folder and writes its report.html. @throws RunError when what was revealed cannot be opened. */
export async function writeReport(folder: string, { revealed }: ReportOptions = {}): Promise<RunSummary> {
  const summary = await readRunFolder(folder);
  const texts = revealed
    ? await readTexts(folder, revealed.key === undefined ? undefined : openSeal(revealed.key))
    : [];
  await writeFileAtomic(reportPath(folder), renderReport(summary, texts));
  return summary;
}
