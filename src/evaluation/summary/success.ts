// KnowUnDo's one number, and what it hides: the mean of both success rates rewards damage, so the distance to the model that never saw the records stands beside it.

import { z } from "zod";
import type { Named } from "../../unlearning/config.ts";
import type { MetricResult } from "../result.ts";
import { mean } from "../statistics/averages.ts";
import { bootstrapIntervalOf } from "../statistics/bootstrap.ts";
import { definedValues, defineMeasure, partAt } from "./measure.ts";

const resamples = 1000;

export const meanSuccess = defineMeasure({
  name: "mean-success",
  summary: "mean of unlearn success and retention success, in percent; an untouched model has about 50",
  better: "higher",
  about: "both",
  source: "KnowUnDo (arXiv 2407.01920) §2.3, average success",
  modes: ["peer", "corrected"],
  options: z.strictObject({ forget: z.string().default("forget"), retain: z.string().default("retain") }),
  variant: ({ forget }) => (forget === "forget" ? "" : `-${forget}`),
  parts: ({ forget, retain }) => [
    { set: forget, metric: "unlearn-success" },
    { set: retain, metric: "retention-success" },
  ],
  compute: ({ own }, random) => {
    const samples = own.map(definedValues);
    const of = (drawn: readonly ArrayLike<number>[]) => mean(drawn.map(mean));
    return {
      value: of(samples),
      n: Math.min(...samples.map((sample) => sample.length)),
      interval: bootstrapIntervalOf(samples, random, of, { resamples }),
    };
  },
});

/** Mean over the records of how much a value differs from the retrained model's on the same record. */
const distance = (
  name: string,
  summary: string,
  { metric, value }: { readonly metric: Named; readonly value: (shown: number) => number },
) =>
  defineMeasure({
    name,
    summary,
    better: "zero",
    about: "forgetting",
    source: "this project: the goal of forgetting is the model that was never taught the records",
    modes: ["corrected"],
    options: z.strictObject({ set: z.string().default("forget") }),
    variant: ({ set }) => (set === "forget" ? "" : `-${set}`),
    comparands: ["retrained"],
    parts: ({ set }) => [{ set, metric }],
    compute: ({ own, retrained = [] }, random) => {
      const differences = pairs(partAt(own, 0), partAt(retrained, 0)).map(([a, b]) => value(a) - value(b));
      return {
        value: mean(differences),
        n: differences.length,
        interval: bootstrapIntervalOf([differences], random, ([drawn = []]) => mean(drawn), { resamples }),
      };
    },
  });

function pairs({ perExample: own }: MetricResult, { perExample: other }: MetricResult): [number, number][] {
  return own.flatMap((a, i): [number, number][] => {
    const b = other[i];
    return a === null || b === null || b === undefined ? [] : [[a, b]];
  });
}

export const accuracyDistance = distance(
  "accuracy-distance",
  "token accuracy above the retrained model's, in percentage points: 0 ideal, positive remembers, negative over-forgotten",
  { metric: { name: "token-accuracy" }, value: (share) => 100 * share },
);

export const perplexityDistance = distance(
  "perplexity-distance",
  "log-perplexity above the retrained model's, in nats per token: 0 ideal, negative remembers, positive over-forgotten",
  { metric: { name: "perplexity", includeEnd: false }, value: Math.log },
);
