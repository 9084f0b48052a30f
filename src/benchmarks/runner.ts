// Who does a benchmark's runs. Knows neither benchmarks nor how a run is done.

import type { z } from "zod";
import type { Config } from "../core/config.ts";
import type { Reporter } from "../core/events.ts";
import { type RunOptions, runTrain, runUnlearn, type trainRun, type unlearnRun } from "../reporting/index.ts";

/** Each does one run to its end, in the folder that its configuration names. @throws as `runTrain` and `runUnlearn`. */
export interface Runner {
  train(config: Config<z.output<typeof trainRun>>, options: RunOptions): Promise<unknown>;
  unlearn(config: Config<z.output<typeof unlearnRun>>, options: RunOptions): Promise<unknown>;
}

export const inThisProcess: Runner = { train: runTrain, unlearn: runUnlearn };

const showEveryMs = 2000;

/** For a run that is not alone: what is said of it bears its name, and how far it has come is shown now and then, in turn with the others. */
export function named(name: string, report: Reporter): Reporter {
  let shown = performance.now();
  return (event) => {
    if (event.type === "note" || event.type === "warning") report({ ...event, text: `${name}: ${event.text}` });
    if (event.type === "run-end") {
      report({ type: "note", text: `${name}: ${event.outcome} after ${event.seconds.toFixed(0)} s` });
    }
    if (event.type !== "step-end" || performance.now() - shown < showEveryMs) return;
    shown = performance.now();
    const { step: done, steps: total, secondsLeft } = event;
    report({ type: "phase-progress", phase: name, done, total, unit: "steps", secondsLeft });
  };
}
