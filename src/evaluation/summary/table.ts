// The table of summary measures, by name. Adding one touches its own file and a line here.

import { ConfigError, type Place } from "../../core/errors.ts";
import { describeNames } from "../../core/nearest.ts";
import { forgetEfficacy, utilityOfSix } from "./closer-look.ts";
import { memorisationScore, overallScore, privacyScore, utilityScore } from "./composites.ts";
import { forgetQuality } from "./forget-quality.ts";
import type { SummaryMeasure } from "./measure.ts";
import { membershipInference, membershipReference } from "./membership-inference.ts";
import { modelUtility } from "./model-utility.ts";
import { privleak, relativeDifference } from "./privleak.ts";
import { accuracyDistance, meanSuccess, perplexityDistance } from "./success.ts";

const entries: readonly SummaryMeasure[] = [
  forgetQuality,
  modelUtility,
  membershipInference,
  membershipReference,
  privleak,
  relativeDifference,
  memorisationScore,
  privacyScore,
  utilityScore,
  overallScore,
  forgetEfficacy,
  utilityOfSix,
  meanSuccess,
  accuracyDistance,
  perplexityDistance,
];

/** Every measure over several sets or against a reference, in the order of a report. */
export const summaryMeasures: ReadonlyMap<string, SummaryMeasure> = new Map(
  entries.map((entry) => [entry.name, entry]),
);

/** @throws ConfigError for an unknown name, with the nearest valid ones */
export function findMeasure(name: string, place?: Place): SummaryMeasure {
  const measure = summaryMeasures.get(name);
  if (measure) return measure;
  throw new ConfigError(`unknown summary measure "${name}"`, {
    hint: describeNames(name, summaryMeasures.keys()),
    ...(place ? { place } : {}),
  });
}
