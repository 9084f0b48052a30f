// One method with one seed: a single run, or one per fold, where each request goes to the model that the last one left.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { EvaluationOptions } from "../evaluation/index.ts";
import { containedRun, type RunOutcome, type RunWatch } from "./contained-run.ts";
import type { BenchmarkMethod } from "./methods.ts";
import type { ModelPaths } from "./model-references.ts";
import type { BenchmarkConfig } from "./options.ts";
import type { Settings } from "./tune/candidates.ts";

export interface Chain {
  readonly method: BenchmarkMethod;
  readonly seed: number;
  readonly settings: Settings;
  readonly evaluation: EvaluationOptions;
  /** Folders of the named models. */
  readonly paths: ReadonlyMap<string, ModelPaths>;
  /** The model that has to forget first. */
  readonly start: Start;
  /** Run folder; with folds, of folders. */
  readonly output: string;
}

interface Start {
  readonly model: string;
  readonly adapter: string | undefined;
}

/** A run with what tells it from the others of its method; "" without folds. */
export interface ChainOutcome extends RunOutcome {
  readonly fold: string;
}

/** @throws as `containedRun`. */
export async function runChain(
  { method, start, output, ...run }: Chain,
  { folds, keepModels }: Pick<BenchmarkConfig, "folds" | "keepModels">,
  watch: RunWatch,
): Promise<ChainOutcome[]> {
  if (!folds)
    return [
      { fold: "", ...(await containedRun(method.run({ ...run, ...start, output }), watch, { keepModel: keepModels })) },
    ];
  const outcomes: ChainOutcome[] = [];
  let from = start;
  for (const [i, forget] of folds.entries()) {
    const fold = `fold ${i + 1} of ${folds.length}`;
    const broken = outcomes.find(({ failure }) => failure !== undefined);
    if (broken) {
      outcomes.push({
        fold,
        after: undefined,
        failure: `${broken.fold} left no model`,
        steps: 0,
        revealed: undefined,
        trajectory: [],
        seconds: 0,
        stepSeconds: null,
        peakMegabytes: null,
      });
      continue;
    }
    const folder = join(output, `fold-${i + 1}`);
    watch.report({ type: "note", text: `${method.label}, seed ${run.seed}: ${fold}` });
    const outcome = await containedRun(method.run({ ...run, ...from, forget, output: folder }), watch, {
      keepModel: true,
    });
    outcomes.push({ fold, ...outcome });
    from = { model: join(folder, "model"), adapter: undefined };
  }
  // Only now: a chain that was cut off goes on from the last model.
  for (const [i] of folds.entries()) {
    if (keepModels) break;
    for (const name of ["model", "adapter"])
      await rm(join(output, `fold-${i + 1}`, name), { recursive: true, force: true });
  }
  return outcomes;
}
