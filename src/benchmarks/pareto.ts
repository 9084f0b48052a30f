// From a benchmark's rows to what the Pareto plot shows: distances where a measure has a goal, means over seeds.

import type { Pareto, ParetoEntry, ParetoMeasure } from "../reporting/plots/pareto.ts";
import { type MeanRow, meanAndInterval, valuesOf } from "./means.ts";
import type { ResultColumn, ResultRow } from "./result.ts";

/** Undefined when no method has both measures, or a measure's goal is a retrained model that there is none of. */
export function paretoOf(
  rows: readonly MeanRow[],
  forgetting: ResultColumn,
  keeping: ResultColumn,
): Pareto | undefined {
  const up = axisOf(rows, forgetting);
  const right = axisOf(rows, keeping);
  if (!up || !right) return undefined;
  const entries = rows.flatMap((row): ParetoEntry[] => {
    const kind = row.settings ?? (row.method === "before" || row.method === "retrained" ? row.method : undefined);
    if (kind === undefined) return [];
    const seeds = row.runs.map((run) => ({
      seed: run.seed ?? run.start ?? 0,
      forgetting: up.value(run),
      keeping: right.value(run),
    }));
    const over = ({ measure: { style }, value }: ParetoAxis) =>
      meanAndInterval(valuesOf(row.runs, value, style.scale), style.scale).mean;
    const mean = { forgetting: over(up), keeping: over(right) };
    return [{ name: row.method, kind, mean, seeds }];
  });
  const isDrawn = ({ kind, mean }: ParetoEntry) =>
    (kind === "default" || kind === "tuned") && Number.isFinite(mean.forgetting + mean.keeping);
  return entries.some(isDrawn) ? { forgetting: up.measure, keeping: right.measure, entries } : undefined;
}

interface ParetoAxis {
  readonly measure: ParetoMeasure;
  /** NaN where the run has no such number. */
  readonly value: (run: ResultRow) => number;
}

function axisOf(rows: readonly MeanRow[], { measure, title, scale, better }: ResultColumn): ParetoAxis | undefined {
  const own = (run: ResultRow) => run.cells[measure]?.value ?? Number.NaN;
  if (better === "none") return undefined;
  if (better === "higher" || better === "lower") return { measure: { title, style: { scale }, better }, value: own };
  const twins = rows.find(({ method, settings }) => settings === null && method === "retrained")?.runs ?? [];
  /** The twin of the model that a run began with. */
  const goalOf = ({ start }: ResultRow) => {
    const twin = twins.find((each) => each.start === start);
    return better === "zero" ? 0 : twin ? own(twin) : Number.NaN;
  };
  const runs = rows.flatMap((row) => row.runs);
  if (!runs.some((run) => Number.isFinite(goalOf(run)))) return undefined;
  // Ratios are what counts on a logarithmic scale.
  const logarithmic = scale === "logarithmic" && runs.every((run) => goalOf(run) > 0);
  return {
    measure: {
      title: better === "zero" ? `distance to 0: ${title}` : `distance to retrained: ${title}`,
      style: { scale: logarithmic || scale === "percent" ? "free" : scale },
      better: "lower",
    },
    value: (run) => (logarithmic ? Math.abs(Math.log(own(run) / goalOf(run))) : Math.abs(own(run) - goalOf(run))),
  };
}
