// TOFU's forget quality: can the unlearned model's truth ratios be told from those of a model that never saw the data?

import { type KolmogorovSmirnov, kolmogorovSmirnov } from "../statistics/kolmogorov-smirnov.ts";
import type { ContrastExample } from "./metric.ts";
import { logTruthRatio } from "./truth-ratio.ts";

/**
 * Two-sample Kolmogorov-Smirnov test between the truth ratios of a model and of a reference trained without the forget set, on the
 * records to forget. The p-value is the forget quality: near 1 = indistinguishable. It means nothing without `sizes` and without naming
 * the reference; two honest retrainings differ too (0.87 to 1.00 between TOFU's published ones).
 * Source: TOFU (arXiv 2401.06121); exact p-value up to 10,000 records, as SciPy's default.
 */
export function forgetQuality(
  model: readonly ContrastExample[],
  reference: readonly ContrastExample[],
): KolmogorovSmirnov {
  return kolmogorovSmirnov(model.map(logTruthRatio), reference.map(logTruthRatio));
}
