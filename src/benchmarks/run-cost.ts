// What a run cost: all its time but the evaluations', which are no part of forgetting. Kept in the run's folder.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../core/config.ts";
import { silent } from "../core/events.ts";
import { writeFileAtomic } from "../core/files.ts";
import { readJsonObject } from "../core/json-file.ts";
import type { RunOptions, unlearnRun } from "../reporting/index.ts";
import { isFinishedRun, resumableStep } from "../training/run-claim.ts";
import { inThisProcess, type Runner } from "./runner.ts";

const cost = z.object({ seconds: z.number().nonnegative() });
const stepTiming = cost.extend({ step: z.number(), megabytes: z.number().nonnegative().optional() });
const costFile = "cost.json";

/** Does the run and keeps the time that it says it took: what its process needs to begin is no part of it. Of a run that goes on, the steps count that it need not make again; what was lost with a kill does not. */
export async function timedRun(
  config: Config<z.output<typeof unlearnRun>>,
  options: RunOptions,
  runner: Pick<Runner, "unlearn"> = inThisProcess,
): Promise<void> {
  const { report = silent } = options;
  const folder = config.value.output;
  const file = join(folder, costFile);
  const finished = isFinishedRun(folder, config.yaml);
  const known = finished && existsSync(file);
  const earlier = stepSeconds(folder, finished ? Number.POSITIVE_INFINITY : ((await resumableStep(folder)) ?? 0));
  let ran: number | undefined;
  let evaluations = 0;
  try {
    await runner.unlearn(config, {
      ...options,
      report: (event) => {
        if (event.type === "phase-end" && event.phase.startsWith("evaluate ")) evaluations += event.seconds;
        if (event.type === "run-end") ran = event.seconds;
        report(event);
      },
    });
  } finally {
    if (ran !== undefined && existsSync(folder) && !known && !options.signal?.aborted) {
      await writeFileAtomic(file, `${JSON.stringify({ seconds: earlier + ran - evaluations })}\n`);
    }
  }
}

export interface RunCost {
  /** Of the run, its evaluations aside. */
  readonly seconds: number;
  /** Median of an optimiser step; null where none was made. */
  readonly stepSeconds: number | null;
  /** The largest resident memory of the process at the end of a step; null where none was made. */
  readonly peakMegabytes: number | null;
}

/** What a run in this folder cost. @throws when none has come to an end there. */
export function runCost(folder: string): RunCost {
  const { seconds } = cost.parse(readJsonObject(join(folder, costFile)));
  const logged = loggedSteps(folder);
  const steps = logged.map((step) => step.seconds).toSorted((a, b) => a - b);
  const held = logged.flatMap(({ megabytes }) => megabytes ?? []);
  const peakMegabytes = held.length === 0 ? null : Math.max(...held);
  return { seconds, stepSeconds: steps[Math.floor(steps.length / 2)] ?? null, peakMegabytes };
}

/** Of the logged steps up to `last`. */
const stepSeconds = (folder: string, last: number) =>
  loggedSteps(folder).reduce((sum, { step, seconds }) => sum + (step <= last ? seconds : 0), 0);

function loggedSteps(folder: string): z.output<typeof stepTiming>[] {
  const file = join(folder, "timings.jsonl");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => stepTiming.safeParse(parsed(line)).data ?? []);
}

/** A kill may leave half a line. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
