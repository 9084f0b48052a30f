// Rows of several seeds as one: the mean and how sure it is. Pure arithmetic over a benchmark's result.

import { boundsOf } from "../reporting/metric-style.ts";
import type { BenchmarkResult, ResultCell, ResultColumn, ResultRow } from "./result.ts";

export interface MeanCell extends ResultCell {
  /** What the interval is over: a t-interval over seeds (of start models, where there are several), or the bootstrap over examples of the only run. */
  readonly over: "seeds" | "examples";
}

export interface MeanRow {
  readonly method: string;
  readonly settings: ResultRow["settings"];
  /** The runs behind it; one for a model that no method made. */
  readonly runs: readonly ResultRow[];
  readonly cells: Readonly<Record<string, MeanCell>>;
  /** Means over the runs; null where unknown for one. */
  readonly steps: number | null;
  readonly seconds: number | null;
  readonly stepSeconds: number | null;
  readonly peakMegabytes: number | null;
  readonly cost: number | null;
}

/** One row per method and settings, in the order in which they first come. A measure that one of the seeds lacks has no mean. */
export function meansOverSeeds({ rows, columns }: Pick<BenchmarkResult, "rows" | "columns">): MeanRow[] {
  const groups = new Map<string, ResultRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.method, row.settings]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((runs) => {
    const { method, settings } = runs[0] as ResultRow;
    const cells = columns.map((column) => [column.measure, meanCell(runs, column)] as const);
    const over = (of: (run: ResultRow) => number | null) => meanOrNull(runs.map(of));
    return {
      method,
      settings,
      runs,
      cells: Object.fromEntries(cells),
      steps: over((run) => run.steps),
      seconds: over((run) => run.seconds),
      stepSeconds: over((run) => run.stepSeconds),
      peakMegabytes: over((run) => run.peakMegabytes),
      cost: over((run) => run.cost),
    };
  });
}

/** The run's number, or why it has none. */
export const cellOf = ({ cells, failure }: ResultRow, measure: string): ResultCell =>
  cells[measure] ?? { value: null, n: 0, reason: failure ?? "not measured" };

function meanCell(runs: readonly ResultRow[], { measure, scale }: ResultColumn): MeanCell {
  const cells = runs.map((run) => cellOf(run, measure));
  const [only] = cells;
  if (cells.length === 1 && only) return { ...only, over: "examples" };
  const lacking = cells.filter((cell) => cell.value === null);
  const n = Math.min(...cells.map((cell) => cell.n));
  if (lacking[0]) {
    const reason = `none for ${lacking.length} of ${cells.length} seeds: ${lacking[0].reason}`;
    return { value: null, n, reason, over: "seeds" };
  }
  const { mean, interval } = meanAndInterval(
    valuesOf(runs, (run) => run.cells[measure]?.value ?? Number.NaN, scale),
    scale,
  );
  return { value: mean, n, ...(interval ? { interval } : {}), over: "seeds" };
}

/** One value per run, or per start model where there are several: runs from one model are no independent trials of a method. */
export function valuesOf(
  runs: readonly ResultRow[],
  value: (run: ResultRow) => number,
  scale: ResultColumn["scale"],
): number[] {
  const starts = new Map<number | undefined, number[]>();
  for (const run of runs) starts.set(run.start, [...(starts.get(run.start) ?? []), value(run)]);
  const perStart = [...starts.values()];
  return perStart.length > 1 ? perStart.map((values) => meanAndInterval(values, scale).mean) : perStart.flat();
}

/**
 * Mean with its 95 % t-interval; on a logarithmic scale the geometric mean, with the interval of the logarithms. Student's t knows no bounds, and of a few seeds
 * it leaves those of a share or a percentage: of the interval, what lies within them is kept. It is absent for a single value and where a value is 0 on a
 * logarithmic scale.
 */
export function meanAndInterval(
  values: readonly number[],
  scale: ResultColumn["scale"],
): { readonly mean: number; readonly interval?: [number, number] } {
  const logarithmic = scale === "logarithmic";
  const turned = logarithmic ? values.map(Math.log) : values;
  const back = (value: number) => (logarithmic ? Math.exp(value) : value);
  const mean = average(turned);
  const variance = turned.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (turned.length - 1);
  const reach = studentQuantile(turned.length - 1) * Math.sqrt(variance / turned.length);
  if (!Number.isFinite(mean + reach)) return { mean: back(mean) };
  const [least, most] = boundsOf({ scale }) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return { mean: back(mean), interval: [Math.max(least, back(mean - reach)), Math.min(most, back(mean + reach))] };
}

/** The 97.5 % quantile of Student's t for 1 to 10 degrees of freedom. */
const smallQuantiles = [12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814];

/** Beyond ten degrees of freedom by the expansion around the normal quantile z (Abramowitz & Stegun 26.7.5), right to three digits. */
export function studentQuantile(degrees: number): number {
  const small = smallQuantiles[degrees - 1];
  if (small !== undefined) return small;
  const z = 1.959964;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const meanOrNull = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === values.length && known.length > 0 ? average(known) : null;
};
