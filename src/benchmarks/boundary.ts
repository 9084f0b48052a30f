// Where forgetting ends: how well kept questions are answered, by how near they lie to a forgotten one. Makes a precise boundary a curve.

import { createRandom } from "../core/random.ts";
import { nearness } from "../data/nearness.ts";
import { questionOf } from "../data/record.ts";
import type { Evaluation, EvaluationOptions } from "../evaluation/index.ts";
import { mean } from "../evaluation/statistics/averages.ts";
import { bootstrapIntervalOf } from "../evaluation/statistics/bootstrap.ts";
import { metricStyle } from "../reporting/metric-style.ts";
import { readSources } from "../unlearning/session.ts";
import type { BenchmarkConfig } from "./options.ts";
import type { BoundaryResult, ResultCell } from "./result.ts";
import type { BenchmarkSets } from "./sets.ts";

export interface Boundary {
  readonly result: BoundaryResult;
  /** A model's mean in every bin; none where it was not measured. */
  cellsOf(evaluation: Evaluation): Readonly<Record<string, ResultCell>>;
}

/** @throws ConfigError for sets that there are not; DataError for records that cannot be read. */
export async function openBoundary(
  { kept, forgotten, metric, bins: count }: NonNullable<BenchmarkConfig["boundary"]>,
  {
    evaluation,
    sets,
    signal,
  }: { evaluation: EvaluationOptions; sets: BenchmarkSets; signal?: AbortSignal | undefined },
): Promise<Boundary> {
  // `checkColumns` has refused a set that there is not.
  const set = evaluation.sets[kept] as EvaluationOptions["sets"][string];
  const questions = (await readSources(set.data, signal)).records.map(questionOf);
  const others = await readSources(sets.sourcesOf(forgotten, "boundary.forgotten"), signal);
  const near = nearness(questions, others.records.map(questionOf));
  const bins = equalBins(near, count).map((records, i) => ({ measure: `boundary-${i + 1}`, records }));
  const style = metricStyle(metric);
  return {
    result: {
      title: `${style.title} on ${set.title ?? kept}`,
      scale: style.scale,
      bins: bins.map(({ measure, records }) => {
        const values = records.map((record) => near[record] as number);
        return { measure, from: Math.min(...values), to: Math.max(...values), mean: mean(values), n: records.length };
      }),
    },
    cellsOf: ({ sets: measured }) => {
      const perExample = measured.find((each) => each.set === kept)?.metrics[metric]?.perExample;
      if (!perExample) return {};
      return Object.fromEntries(
        bins.map(({ measure, records }) => [
          measure,
          cellOf(
            records.flatMap((record) => perExample[record] ?? []),
            measure,
          ),
        ]),
      );
    },
  };
}

/** Indices in ascending order of value, in about equal parts. Equal values stay together, where their middle lies; there may be fewer parts. */
function equalBins(values: readonly number[], count: number): number[][] {
  const order = values.map((_, i) => i).toSorted((a, b) => (values[a] as number) - (values[b] as number));
  const bins = Array.from({ length: count }, (): number[] => []);
  for (let rank = 0; rank < order.length; ) {
    const equal = order.filter((index) => values[index] === values[order[rank] as number]);
    bins[Math.floor((count * (rank + equal.length / 2)) / order.length)]?.push(...equal);
    rank += equal.length;
  }
  return bins.filter(({ length }) => length > 0);
}

function cellOf(values: readonly number[], name: string): ResultCell {
  if (values.length === 0) return { value: null, n: 0, reason: "undefined for every record of the bin" };
  const interval = bootstrapIntervalOf([values], createRandom(0).fork(name), ([drawn = []]) => mean(drawn), {
    resamples: 1000,
  });
  return { value: mean(values), n: values.length, interval: [interval[0], interval[1]] };
}
