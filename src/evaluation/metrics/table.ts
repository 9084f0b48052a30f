// The table of metrics, by name. Adding one touches its own file and a line here.

import { ConfigError, type Place } from "../../core/errors.ts";
import { describeNames } from "../../core/nearest.ts";
import { bleu } from "./bleu.ts";
import { choiceAccuracy, choiceAccuracyNormalised } from "./choice-accuracy.ts";
import { choiceProbability } from "./choice-probability.ts";
import { degenerate } from "./degenerate.ts";
import { distinctWords } from "./distinct-words.ts";
import { diversity } from "./diversity.ts";
import { entityF1 } from "./entity-f1.ts";
import { exactAnswer } from "./exact-answer.ts";
import { exactMemorisation } from "./exact-memorisation.ts";
import { exactNumber } from "./exact-number.ts";
import { extractionStrength } from "./extraction-strength.ts";
import { generatedPerplexity } from "./generated-perplexity.ts";
import { gibberish } from "./gibberish.ts";
import { cosineSimilarity, entailment, fluency } from "./judged.ts";
import {
  membershipGradientNorm,
  membershipLoss,
  membershipMinK,
  membershipMinKPlusPlus,
  membershipRecall,
  membershipZlib,
} from "./membership.ts";
import type { AnyMetric } from "./metric.ts";
import { nGramEntropy } from "./n-gram-entropy.ts";
import { paraphraseProbability } from "./paraphrase-probability.ts";
import { perplexity } from "./perplexity.ts";
import { probability } from "./probability.ts";
import { codeValidity, passAt1 } from "./programs.ts";
import { knowledgeMemorisation, rouge1Metric, rouge2Metric, rougeLMetric, verbatimMemorisation } from "./rouge.ts";
import { rougeLForced } from "./rouge-forced.ts";
import { retentionSuccess, tokenAccuracy, unlearnSuccess } from "./token-accuracy.ts";
import { tokenEntropy } from "./token-entropy.ts";
import { toxicity, toxicShare } from "./toxicity.ts";
import { truthRatio } from "./truth-ratio.ts";

const entries: readonly AnyMetric[] = [
  probability,
  perplexity,
  tokenAccuracy,
  unlearnSuccess,
  retentionSuccess,
  exactMemorisation,
  extractionStrength,
  rougeLMetric,
  rougeLForced,
  rouge1Metric,
  rouge2Metric,
  verbatimMemorisation,
  knowledgeMemorisation,
  bleu,
  exactAnswer,
  exactNumber,
  entityF1,
  passAt1,
  codeValidity,
  distinctWords,
  nGramEntropy,
  degenerate,
  tokenEntropy,
  cosineSimilarity,
  entailment,
  fluency,
  gibberish,
  toxicity,
  toxicShare,
  diversity,
  generatedPerplexity,
  truthRatio,
  paraphraseProbability,
  choiceProbability,
  choiceAccuracy,
  choiceAccuracyNormalised,
  membershipLoss,
  membershipZlib,
  membershipMinK,
  membershipMinKPlusPlus,
  membershipGradientNorm,
  membershipRecall,
];

/** Every metric that has a value per example, in the order of a report. */
export const metrics: ReadonlyMap<string, AnyMetric> = new Map(entries.map((metric) => [metric.name, metric]));

/**
 * The metric of that name.
 * @throws ConfigError for an unknown name, with the nearest valid ones; `place` says where the name was written.
 */
export function findMetric(name: string, place?: Place): AnyMetric {
  const metric = metrics.get(name);
  if (metric) return metric;
  throw new ConfigError(`unknown metric "${name}"`, {
    hint: describeNames(name, metrics.keys()),
    ...(place ? { place } : {}),
  });
}
