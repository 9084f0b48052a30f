// `lethe bench <benchmark>`: arguments of a benchmark's run, and its table on the terminal.

import type { Command as CommandParser } from "commander";
import { loadBenchmark, renderMarkdown, runBenchmark } from "../benchmarks/index.ts";
import { ConfigError } from "../core/errors.ts";
import { reportPath } from "../reporting/index.ts";
import { chooseThreads } from "../runtime/ort/threads.ts";
import { configureCodeExecution } from "./code-execution.ts";
import type { Call } from "./command.ts";
import { inOwnProcess } from "./own-process.ts";
import { runOptions } from "./run-command.ts";
import { wholeNumber } from "./whole-number.ts";

export interface BenchmarkRunOptions {
  readonly methods?: string;
  readonly seeds?: number;
  readonly data?: string;
  readonly tune?: number;
  readonly resume?: boolean;
  readonly jobs?: number;
}

const ofBenchmarks = ["methods", "seeds", "tune", "resume", "jobs"] as const;

/** For a measurement of speed. @throws ConfigError for an option that would change nothing */
export function refuseBenchmarkOptions(what: string, options: BenchmarkRunOptions): void {
  const stray = ofBenchmarks.find((name) => options[name] !== undefined);
  if (stray === undefined) return;
  throw new ConfigError(`--${stray} is about the runs of a benchmark, and ${what} measures speed`, {
    hint: "Leave it out; --help says what each option is for.",
    place: { key: `--${stray}` },
  });
}

export function configureBenchmarkRun(parser: CommandParser): void {
  parser
    .argument("[overrides...]", "of a benchmark: key.sub=value, laid over its file")
    .option(
      "--data <folder>",
      "of a benchmark: folder with its files as published (data); of tail and steering: a file of questions and answers",
    )
    .option("--methods <names>", "of a benchmark: methods to run, separated by commas, or all (run)")
    .option("--seeds <n>", "of a benchmark: runs per method (seeds)", wholeNumber)
    .option(
      "--tune <steps>",
      "of a benchmark: search each method's settings in so many steps, report both rows (tune.budget)",
      wholeNumber,
    )
    .option("--resume", "of a benchmark: go on where it was cut off")
    .option(
      "--jobs <n>",
      "of a benchmark: so many runs at a time, each in a process of its own with its share of the threads (default: 1)",
      wholeNumber,
    );
  configureCodeExecution(parser);
}

export async function benchmarkRun(call: Call<BenchmarkRunOptions>): Promise<void> {
  const { methods, seeds, data, tune, jobs = 1 } = call.options;
  const [benchmark, ...overrides] = call.positional as [string, ...string[]];
  const config = await loadBenchmark(benchmark, [
    ...overrides,
    ...(data === undefined ? [] : [`data=${JSON.stringify(data)}`]),
    ...(methods === undefined ? [] : [`run=${methods === "all" ? "all" : JSON.stringify(namesOf(methods))}`]),
    ...(seeds === undefined ? [] : [`seeds=${seeds}`]),
    ...(tune === undefined ? [] : [`tune.budget=${tune}`]),
  ]);
  const threads = Math.max(1, Math.floor(chooseThreads(undefined).count / jobs));
  const apart = jobs > 1 ? { jobs, runner: inOwnProcess(threads) } : {};
  const result = await runBenchmark(config, { ...runOptions(call), ...apart });
  const { output } = config.value;
  call.result({ folder: output, ...result }, () =>
    [renderMarkdown(result), `table: ${output}/table.md`, `page: ${reportPath(output)}`].join("\n"),
  );
}

const namesOf = (list: string) => list.split(",").map((name) => name.trim());
