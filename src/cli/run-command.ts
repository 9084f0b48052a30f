// What `lethe train` and `lethe unlearn` share: a configuration with overrides, and the report when the run is done.

import { join } from "node:path";
import type { Command as CommandParser } from "commander";
import { loadConfig } from "../core/config.ts";
import { writeFileAtomic } from "../core/files.ts";
import { compareColumns, evaluationOptions } from "../evaluation/index.ts";
import { compare, type RunSummary, readRunFolder, renderReport, renderTable, verdict } from "../reporting/index.ts";
import type { z } from "zod";
import type { RunContext } from "../unlearning/context.ts";
import type { Call } from "./command.ts";

export interface RunOptions {
  readonly resume?: boolean;
}

/** Arguments of a command that runs a configuration. */
export function configureRun(parser: CommandParser): void {
  parser
    .argument("<config>", "configuration file (YAML)")
    .argument("[overrides...]", "key.sub=value, laid over the file")
    .option("--resume", "go on with a run that was cut off");
}

interface RunConfig {
  readonly output: string;
  readonly seed: number;
}

/** Runs `task` with the configuration, evaluates as the configuration's `evaluation` says, writes report.html and prints the comparison. */
export async function runConfig<Schema extends z.ZodObject>(
  schema: Schema,
  call: Call<RunOptions>,
  task: (config: z.output<Schema>, yaml: string, context: RunContext) => Promise<void>,
  { onlyAfter = false }: { readonly onlyAfter?: boolean } = {},
): Promise<void> {
  const [file, ...overrides] = call.positional as [string, ...string[]];
  const whole = schema.extend({ evaluation: evaluationOptions.optional() });
  const { value, yaml } = await loadConfig(whole, file, overrides);
  const { evaluation, ...config } = value as unknown as RunConfig & { evaluation?: z.output<typeof evaluationOptions> };
  const { report, signal, options, line } = call;
  const started = performance.now();
  report({ type: "run-start", command: `lethe ${line.join(" ")}`, folder: config.output });
  await task(config as unknown as z.output<Schema>, yaml, {
    report,
    signal,
    command: ["lethe", ...line],
    resume: options.resume === true,
    evaluator: evaluation && compareColumns(evaluation, { report, signal }, { seed: config.seed, onlyAfter }),
  });
  await finish(call, config.output, started);
}

/** The report of a run folder, and its comparison as the command's result. */
export async function finish(call: Call<object>, folder: string, started: number): Promise<void> {
  const run = await readRunFolder(folder);
  const page = join(folder, "report.html");
  await writeFileAtomic(page, renderReport(run));
  const seconds = (performance.now() - started) / 1000;
  call.report({ type: "run-end", outcome: "finished", seconds, folder });
  call.result({ folder, report: page, evaluations: run.evaluations }, () => summary(run, page, call.width));
}

function summary({ evaluations }: RunSummary, page: string, width: number): string {
  const measured = evaluations.length > 0 ? [renderTable(compare(evaluations), { width }), verdict(evaluations).sentence] : [];
  return [...measured, `report: ${page}`].join("\n\n");
}
