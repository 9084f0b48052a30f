// What `lethe train`, `lethe unlearn` and `lethe quickstart` share: arguments, and the result on the terminal.

import type { Command as CommandParser } from "commander";
import { type RunOptions, type RunSummary, renderSummary, reportPath, verdict } from "../reporting/index.ts";
import { configureCodeExecution } from "./code-execution.ts";
import type { Call } from "./command.ts";

export interface RunCommandOptions {
  readonly resume?: boolean;
}

/** Arguments of a command that runs a configuration. */
export function configureRun(parser: CommandParser): void {
  parser
    .argument("[config]", "configuration file (YAML)")
    .argument("[overrides...]", "key.sub=value, laid over the file")
    .option("--resume", "go on with a run that was cut off; of a finished one, write the report again");
  configureCodeExecution(parser);
}

/** Who watches the run and what stops it. */
export const runOptions = ({ report, signal, options, line }: Call<RunCommandOptions>): RunOptions => ({
  report,
  signal,
  resume: options.resume === true,
  command: ["lethe", ...line],
});

/** Prints verdict, table and where the report is; `extra` stands before the last line. */
export function showRun(call: Call<object>, folder: string, run: RunSummary, extra: readonly string[] = []): void {
  const { kind, evaluations } = run;
  const judged = kind === "unlearning" ? { verdict: verdict(evaluations) } : {};
  call.result({ folder, report: reportPath(folder), ...judged, evaluations }, () =>
    [renderSummary(run, call.width), ...extra, `report: ${reportPath(folder)}`]
      .filter((part) => part !== "")
      .join("\n\n"),
  );
}
