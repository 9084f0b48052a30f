// The models of one seed of a benchmark's start models: where they will be, and, once they are taught, what they measure. Knows no method.

import { join } from "node:path";
import type { EvaluationOptions } from "../evaluation/index.ts";
import type { RunWatch } from "./contained-run.ts";
import { type ModelPlan, planModels } from "./model-plan.ts";
import { withFolders } from "./model-references.ts";
import { type BenchmarkModels, checkModels, type MeasuredModels, measureModels } from "./models.ts";
import type { BenchmarkConfig } from "./options.ts";
import type { BenchmarkSets } from "./sets.ts";

export interface Start {
  /** 0, 1, …; undefined where a benchmark has one start only. */
  readonly number: number | undefined;
  readonly plan: ModelPlan;
  readonly models: BenchmarkModels & { readonly model: string; readonly adapter: string | undefined };
  /** With the folders of models in place of their names. */
  readonly evaluation: EvaluationOptions;
}

/** Every start, before anything is made. @throws ConfigError as `planModels`; LetheError for a model that is to be there and is not. */
export async function planStarts(
  config: BenchmarkConfig,
  { sets, evaluation, used }: { sets: BenchmarkSets; evaluation: EvaluationOptions; used: readonly string[] },
  watch: RunWatch,
): Promise<Start[]> {
  const { startSeeds, unlearn } = config;
  const starts = Array.from({ length: startSeeds }, (_, start): Start => {
    const plan = planModels(config, sets, { start, used });
    const { model, adapter } = withFolders({ model: unlearn.model, adapter: unlearn.adapter }, plan.paths, "unlearn");
    return {
      number: startSeeds > 1 ? start : undefined,
      plan,
      models: { target: model, retrained: plan.paths.get("retrained")?.model, model, adapter },
      evaluation: withFolders(evaluation, plan.paths, "evaluation"),
    };
  });
  for (const { plan } of starts) await checkModels(plan, watch);
  return starts;
}

/** Measures target and twin once. */
export const measureStart = (
  { plan, models }: Start,
  evaluation: EvaluationOptions,
  config: BenchmarkConfig,
  watch: RunWatch,
): Promise<MeasuredModels> => measureModels(models, evaluation, join(plan.folder, "evaluation"), config, watch);
