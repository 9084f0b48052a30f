// One run among many, in a run folder of its own: what it measured and what it cost. Training that diverges is a result of its settings, not a failure of the whole.

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../core/config.ts";
import { LetheError } from "../core/errors.ts";
import type { Reporter } from "../core/events.ts";
import { writeFileAtomic } from "../core/files.ts";
import { readJsonObject } from "../core/json-file.ts";
import type { Evaluation } from "../evaluation/result.ts";
import { type RunSummary, readRunFolder, type unlearnRun } from "../reporting/index.ts";
import { manifestFile } from "../training/run-claim.ts";
import { type RunCost, runCost, timedRun } from "./run-cost.ts";
import type { Runner } from "./runner.ts";

export interface RunWatch {
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
  readonly command: readonly string[];
  /** Default: in this process. */
  readonly runner?: Runner | undefined;
}

export interface RunOutcome extends RunCost {
  /** The model afterwards; undefined for a run that came to no end. */
  readonly after: Evaluation | undefined;
  /** Why there is none. */
  readonly failure: string | undefined;
  /** Optimiser steps made. */
  readonly steps: number;
  /** What each round of a run revealed whose source has the model tell; undefined for any other. */
  readonly revealed: RunSummary["revealed"];
  /** What was measured on the way. */
  readonly trajectory: RunSummary["trajectory"];
}

const failureFile = "failure.json";
const failureSchema = z.object({ failure: z.string() });

/**
 * Runs it, goes on where a killed process stopped, or reads what it left. Its weights are deleted unless `keepModel`.
 * @throws LetheError for whatever is wrong with the configuration, the data or the model; the signal's reason when aborted.
 */
export async function containedRun(
  config: Config<z.output<typeof unlearnRun>>,
  watch: RunWatch,
  { keepModel }: { readonly keepModel: boolean },
): Promise<RunOutcome> {
  const folder = config.value.output;
  const failed = join(folder, failureFile);
  let failure = existsSync(failed) ? failureSchema.parse(readJsonObject(failed)).failure : undefined;
  if (failure === undefined) {
    try {
      await timedRun(config, { ...watch, resume: true }, watch.runner);
    } catch (error) {
      const begun = existsSync(join(folder, manifestFile));
      if (watch.signal?.aborted || !begun || !isOfSettings(error)) throw error;
      failure = error.message;
      await writeFileAtomic(failed, `${JSON.stringify({ failure })}\n`);
    }
    const leftovers = keepModel ? ["checkpoints"] : ["model", "adapter", "checkpoints"];
    for (const name of leftovers) await rm(join(folder, name), { recursive: true, force: true });
  }
  const { evaluations, steps, revealed, trajectory } = await readRunFolder(folder);
  const after = failure === undefined ? evaluations.find(({ column }) => column === "after") : undefined;
  return { after, failure, steps: steps.length, revealed, trajectory, ...runCost(folder) };
}

/** Training that left the numbers, a model whose answers did, or one that reveals nothing. */
const isOfSettings = (error: unknown): error is LetheError =>
  LetheError.isInstance(error) &&
  (error.code === "data" ||
    (error.code === "run" && ["training.learningRate", "source"].includes(error.place?.key ?? "")));
