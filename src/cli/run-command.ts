// What `lethe train`, `lethe unlearn` and `lethe quickstart` share: a configuration with overrides, and the report when the run is done.

import { join } from "node:path";
import type { Command as CommandParser } from "commander";
import type { z } from "zod";
import type { Config } from "../core/config.ts";
import { writeFileAtomic } from "../core/files.ts";
import { compareColumns, evaluationOptions } from "../evaluation/index.ts";
import { type RunSummary, readRunFolder, renderReport } from "../reporting/index.ts";
import type { RunContext } from "../unlearning/index.ts";
import type { Call } from "./command.ts";

export interface RunOptions {
  readonly resume?: boolean;
}

/** Arguments of a command that runs a configuration. */
export function configureRun(parser: CommandParser): void {
  parser
    .argument("[config]", "configuration file (YAML)")
    .argument("[overrides...]", "key.sub=value, laid over the file")
    .option("--resume", "go on with a run that was cut off");
}

/** A run's schema with its `evaluation` part. */
export const withEvaluation = <Shape extends z.ZodRawShape, Mode extends z.core.$ZodObjectConfig>(
  schema: z.ZodObject<Shape, Mode>,
) => schema.extend({ evaluation: evaluationOptions.optional() });

interface RunConfig {
  readonly output: string;
  readonly seed: number;
  readonly evaluation?: z.output<typeof evaluationOptions> | undefined;
}

/** Runs `task`, evaluates as the configuration's `evaluation` says, and writes report.html. `onlyAfter`: the model knows nothing before. */
export async function runConfig<Value extends RunConfig>(
  { value, yaml }: Config<Value>,
  call: Call<RunOptions>,
  task: (config: Omit<Value, "evaluation">, yaml: string, context: RunContext) => Promise<void>,
  { onlyAfter = false }: { readonly onlyAfter?: boolean } = {},
): Promise<RunSummary> {
  const { evaluation, ...config } = value;
  const { report, signal, options, line } = call;
  const started = performance.now();
  report({ type: "run-start", command: `lethe ${line.join(" ")}`, folder: config.output });
  await task(config, yaml, {
    report,
    signal,
    command: ["lethe", ...line],
    resume: options.resume === true,
    evaluator: evaluation && compareColumns(evaluation, { report, signal }, { seed: config.seed, onlyAfter }),
  });
  const run = await writeReport(config.output);
  report({
    type: "run-end",
    outcome: "finished",
    seconds: (performance.now() - started) / 1000,
    folder: config.output,
  });
  return run;
}

export const reportPath = (folder: string) => join(folder, "report.html");

/** Reads a run folder and writes its report.html. */
export async function writeReport(folder: string): Promise<RunSummary> {
  const run = await readRunFolder(folder);
  await writeFileAtomic(reportPath(folder), renderReport(run));
  return run;
}
