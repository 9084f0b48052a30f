// From examples to a result: values per example, the aggregate, n and a bootstrap interval. Knows no metric by name.

import { ConfigError, DataError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { MetricResult } from "../result.ts";
import { type BootstrapOptions, bootstrapInterval } from "../statistics/bootstrap.ts";
import { type AnyMetric, type InputKind, type Metric, type MetricInputs, type Mode, modeOf } from "./metric.ts";

export interface AggregateOptions extends BootstrapOptions {
  /** Wanted mode (default `corrected`); a metric that has only the other runs in that, and the result says so. */
  readonly mode?: Mode;
}

export interface EvaluateOptions extends AggregateOptions {
  /** Options of the metric itself, validated by its schema. */
  readonly options?: unknown;
}

/** Examples of one set in the order of its records, by what they hold. */
export type SetInputs = { readonly [Kind in InputKind]?: readonly MetricInputs[Kind][] };

/**
 * Measures every example of one kind and sums up.
 * @throws ConfigError for options that do not fit or when the set lacks the inputs the metric needs.
 * @throws DataError when an example's lists do not fit together or hold NaN.
 */
export function evaluateMetric(
  metric: AnyMetric,
  inputs: SetInputs,
  random: Random,
  options: EvaluateOptions = {},
): MetricResult {
  switch (metric.needs) {
    case "teacher-forced":
      return run(metric, inputs["teacher-forced"], random, options);
    case "generated":
      return run(metric, inputs.generated, random, options);
    case "contrast":
      return run(metric, inputs.contrast, random, options);
  }
}

function run<Kind extends InputKind>(
  metric: Metric<Kind>,
  examples: readonly MetricInputs[Kind][] | undefined,
  random: Random,
  options: EvaluateOptions,
): MetricResult {
  if (!examples) {
    throw new ConfigError(`metric "${metric.name}" needs ${metric.needs} examples, and this set has none`, {
      hint: "Leave the metric out for this set, or provide what it needs.",
    });
  }
  const mode = modeOf(metric, options.mode ?? "corrected");
  return aggregate(metric, examples.map(metric.measure(mode, options.options)), random, { ...options, mode });
}

/**
 * The result of raw per-example values. Nulls do not count. With no value that counts, `n` is 0 and `value` and `interval` are NaN.
 * The interval depends on the seed of `random` and the metric's name alone, not on what was drawn before.
 * @throws DataError for a value that is NaN: it would hide in a mean or vanish in JSON.
 */
export function aggregate(
  metric: Pick<AnyMetric, "name" | "modes" | "aggregate" | "show">,
  perExample: readonly (number | null)[],
  random: Random,
  { mode = "corrected", ...bootstrap }: AggregateOptions = {},
): MetricResult {
  const broken = perExample.findIndex((value) => Number.isNaN(value));
  if (broken >= 0) throw new DataError(`metric "${metric.name}" is NaN for record ${broken + 1}`);
  const values = Float64Array.from(perExample.filter((value) => value !== null));
  return {
    metric: metric.name,
    mode: modeOf(metric, mode),
    value: values.length === 0 ? Number.NaN : metric.aggregate(values),
    n: values.length,
    interval: bootstrapInterval(
      values,
      random.fork(`bootstrap/${metric.name}`),
      (sample) => metric.aggregate(sample),
      bootstrap,
    ),
    perExample: perExample.map((value) => (value === null ? null : metric.show(value))),
  };
}
