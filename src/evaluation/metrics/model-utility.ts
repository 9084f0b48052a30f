// TOFU's model utility: one number for everything the model should still do.

import type { Random } from "../../core/random.ts";
import type { MetricResult } from "../result.ts";
import { harmonicMean, mean } from "../statistics/averages.ts";
import { type BootstrapOptions, bootstrapIntervalOf } from "../statistics/bootstrap.ts";

/** Results on one set: probability (choice-probability for the last two sets), ROUGE-L recall, and truth ratio in the form `true-better`. */
export interface UtilityParts {
  readonly probability: MetricResult;
  readonly rouge: MetricResult;
  readonly truthRatio: MetricResult;
}

export interface UtilitySets {
  readonly retain: UtilityParts;
  readonly realAuthors: UtilityParts;
  readonly worldFacts: UtilityParts;
}

/**
 * Harmonic mean of the nine aggregates, in [0, 1]; any zero gives 0. Source: TOFU (arXiv 2401.06121).
 * The interval resamples the records of each part on its own; `n` is the number of records in the smallest part.
 */
export function modelUtility(sets: UtilitySets, random: Random, bootstrap: BootstrapOptions = {}): MetricResult {
  const parts = [sets.retain, sets.realAuthors, sets.worldFacts].flatMap((set) => [
    set.probability,
    set.rouge,
    set.truthRatio,
  ]);
  const samples = parts.map((part) => part.perExample.filter((value) => value !== null));
  return {
    metric: "model-utility",
    mode: parts.every((part) => part.mode === "corrected") ? "corrected" : "peer",
    value: harmonicMean(parts.map((part) => part.value)),
    n: Math.min(...samples.map((sample) => sample.length)),
    interval: bootstrapIntervalOf(
      samples,
      random.fork("model-utility"),
      (drawn) => harmonicMean(drawn.map(mean)),
      bootstrap,
    ),
    perExample: [],
  };
}
