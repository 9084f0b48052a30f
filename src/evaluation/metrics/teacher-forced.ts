// Sums and matches over one answer's labelled tokens, shared by the metrics that read them. Knows nothing of models.

import { DataError } from "../../core/errors.ts";
import type { TeacherForcedExample } from "./metric.ts";

/** Number of labelled tokens without a final end token. */
export function contentLength({ labels, hasEnd }: TeacherForcedExample): number {
  return hasEnd ? Math.max(0, labels.length - 1) : labels.length;
}

/**
 * Mean negative log-likelihood of the first `count` labels, in nats, ≥ 0; null for none. Infinite where a label has probability 0.
 * @throws DataError when lists differ in length or a log-probability is NaN.
 */
export function meanNegativeLogLikelihood(example: TeacherForcedExample, count: number): number | null {
  const { labels, logProbabilities } = example;
  if (logProbabilities.length !== labels.length) throw lengthError(example);
  if (count === 0) return null;
  let sum = 0;
  for (let t = 0; t < count; t++) sum -= logProbabilities[t] as number;
  if (Number.isNaN(sum)) {
    throw new DataError("a log-probability is NaN", {
      hint: "The model's weights or logits are NaN or infinite: training diverged. Lower the learning rate or clip gradients.",
    });
  }
  // Rounding may leave a log-probability a hair above 0.
  return Math.max(0, sum / count);
}

/** For each of the first `count` positions, whether the prediction equals the label. */
export function matches(example: TeacherForcedExample, count: number): boolean[] {
  const { labels, predictions } = example;
  if (predictions.length !== labels.length) throw lengthError(example);
  return Array.from({ length: count }, (_, t) => predictions[t] === labels[t]);
}

function lengthError({ labels, logProbabilities, predictions }: TeacherForcedExample): DataError {
  return new DataError(
    `${labels.length} labels with ${logProbabilities.length} log-probabilities and ${predictions.length} predictions: the numbers must be equal`,
  );
}
