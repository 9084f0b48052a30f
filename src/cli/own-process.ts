// Runs in processes of their own: `lethe train` and `lethe unlearn` on a configuration, their events read as they come. Knows no benchmark.

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Runner } from "../benchmarks/index.ts";
import type { Config } from "../core/config.ts";
import { LetheError, type LetheErrorOptions, RuntimeFailure } from "../core/errors.ts";
import { silent, type TaskEvent } from "../core/events.ts";
import { writeFileAtomic } from "../core/files.ts";
import type { RunOptions } from "../reporting/index.ts";
import { packageFolder } from "./package-folder.ts";

/**
 * Each run's configuration stays beside its folder, as `<folder>.yaml`. Its process has `threads` threads, and outlives this one by no more than an event: one
 * that nobody reads ends it.
 */
export const inOwnProcess = (threads: number): Runner => ({
  train: (config, options) => runApart("train", config, options, threads),
  unlearn: (config, options) => runApart("unlearn", config, options, threads),
});

/** @throws what the run would throw here, as far as its process said it; RuntimeFailure for a process that ended without a word. */
async function runApart(
  command: "train" | "unlearn",
  { value, yaml }: Config<{ readonly output: string }>,
  { report = silent, signal, resume }: RunOptions,
  threads: number,
): Promise<void> {
  const file = `${value.output}.yaml`;
  await mkdir(join(file, ".."), { recursive: true });
  await writeFileAtomic(file, yaml);
  signal?.throwIfAborted();
  const line = [join(packageFolder, "bin/lethe.js"), command, "--json", ...(resume ? ["--resume"] : []), "--", file];
  const child = spawn(process.execPath, [...process.execArgv, ...line], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LETHE_THREADS: String(threads) },
  });
  const stop = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-10_000);
  });
  createInterface(child.stdout).on("line", (text) => {
    const event = eventIn(text);
    if (event) report(event);
  });
  try {
    const [code, killedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on("close", (...end) => resolve(end)).on("error", reject);
    });
    signal?.throwIfAborted();
    if (code !== 0) throw saidError(said) ?? endedSilently(value.output, killedBy ?? `exit code ${code}`, said);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Undefined for the result, and for the half of a line that a killed process leaves. */
function eventIn(line: string): TaskEvent | undefined {
  try {
    const event = JSON.parse(line) as TaskEvent | { readonly type: "result" };
    return event.type === "result" ? undefined : event;
  } catch {
    return undefined;
  }
}

/** What `--json` says on stderr of an error, as the error that it was. */
function saidError(said: string): Error | undefined {
  const line = said.split("\n").findLast((each) => each.startsWith('{"error":'));
  if (line === undefined) return undefined;
  const { error } = JSON.parse(line) as { error: LetheErrorOptions & { code: string; message: string } };
  return error.code === "internal" ? new Error(error.message) : new LetheError(error.code, error.message, error);
}

const endedSilently = (output: string, how: string, said: string) =>
  new RuntimeFailure(`the process of ${output} ended by ${how}, its last words: ${said.trim().slice(-300) || "none"}`, {
    hint: "The same command with --resume goes on with the rest. If memory ran out, fewer runs at a time (--jobs) leave more for each.",
  });
