// From evaluations to a benchmark's columns and rows: measures over several sets first, then every metric of every set.

import { metrics, summaryMeasures } from "../evaluation/index.ts";
import type { Evaluation, MetricResult, SetRole, SummaryValue } from "../evaluation/result.ts";
import { compare } from "../reporting/index.ts";
import { metricStyle } from "../reporting/metric-style.ts";
import type { Boundary } from "./boundary.ts";
import type { RunOutcome } from "./contained-run.ts";
import type { ResultCell, ResultColumn, ResultRow } from "./result.ts";

/**
 * The columns that any of the evaluations fills. With a retrained model its value is the goal of what is measured on a set to forget: forgetting
 * further than that shows, too.
 */
export function columnsOf(
  evaluations: readonly Evaluation[],
  { retrained }: { readonly retrained: boolean },
): ResultColumn[] {
  const keys = new Set(evaluations.flatMap(({ summary }) => Object.keys(summary)));
  const summaries = [...keys].map((key): ResultColumn => {
    const value = evaluations.flatMap(({ summary }) => summary[key] ?? [])[0] as SummaryValue;
    const { better, side } = aboutSummary(value.measure, retrained);
    const { title, scale } = metricStyle(value.measure);
    return { measure: key, title: withMode(title, value.mode), side, better, scale };
  });
  const measured = compare(evaluations).groups.flatMap(({ set, title, role, rows }) =>
    rows.map(
      ({ metric, mode, style }): ResultColumn => ({
        measure: keyOf(set, { metric, mode }),
        title: withMode(`${style.title} on ${title}`, mode),
        side: role === "forget" ? "forgetting" : "keeping",
        better: betterOn(metric, role, retrained),
        scale: style.scale,
      }),
    ),
  );
  return [...summaries, ...measured];
}

/** One evaluation as the cells of a row. */
function cellsOf({ sets, summary }: Evaluation): ResultRow["cells"] {
  const values = Object.entries(summary).map(([key, value]) => [key, summaryCell(value)] as const);
  const measured = sets.flatMap(({ set, metrics: results }) =>
    Object.values(results).map((result) => [keyOf(set, result), metricCell(result)] as const),
  );
  const missing = sets.flatMap(({ set, notComputed = {} }) =>
    Object.entries(notComputed).map(([metric, reason]) => [`${set}/${metric}`, { value: null, n: 0, reason }] as const),
  );
  return Object.fromEntries([...values, ...missing, ...measured]);
}

/** The row of a model that no method made; its column names it. */
export const modelRow = (
  evaluation: Evaluation,
  { start, boundary }: { readonly start?: number | undefined; readonly boundary?: Boundary | undefined } = {},
): ResultRow => ({
  method: evaluation.column,
  settings: null,
  seed: null,
  ...(start === undefined ? {} : { start }),
  cells: { ...cellsOf(evaluation), ...boundary?.cellsOf(evaluation) },
  steps: null,
  seconds: null,
  stepSeconds: null,
  peakMegabytes: null,
  cost: null,
});

/** The row of a run. */
export const runRow = (
  { start, ...run }: Pick<ResultRow, "method" | "settings" | "seed" | "cost"> & { readonly start?: number | undefined },
  { after, failure, steps, seconds, stepSeconds, peakMegabytes }: RunOutcome,
  boundary?: Boundary,
): ResultRow => ({
  ...run,
  ...(start === undefined ? {} : { start }),
  cells: after ? { ...cellsOf(after), ...boundary?.cellsOf(after) } : {},
  steps,
  seconds,
  stepSeconds,
  peakMegabytes,
  ...(failure === undefined ? {} : { failure }),
});

const keyOf = (set: string, { metric, mode }: Pick<MetricResult, "metric" | "mode">) =>
  mode === "peer" ? `${set}/${metric}/peer` : `${set}/${metric}`;

const withMode = (title: string, mode: MetricResult["mode"]) => (mode === "peer" ? `${title} (peer)` : title);

function summaryCell({ value, n, interval, reason }: SummaryValue): ResultCell {
  if (value === null) return { value: null, n, reason: reason ?? "not computed" };
  return { value, n, ...finiteInterval(interval) };
}

function metricCell({ value, n, interval }: MetricResult): ResultCell {
  if (n === 0) return { value: null, n, reason: "undefined for every record of the set" };
  if (!Number.isFinite(value)) return { value: null, n, reason: "not a finite number" };
  return { value, n, ...finiteInterval(interval) };
}

const finiteInterval = (interval: readonly [number, number] | undefined) =>
  interval?.every(Number.isFinite) ? { interval: [interval[0], interval[1]] as [number, number] } : {};

function betterOn(name: string, role: SetRole, retrained: boolean): ResultColumn["better"] {
  const better = longestNamed(metrics, name)?.better[role] ?? "neutral";
  if (better === "neutral") return "none";
  return role === "forget" && retrained ? "retrained" : better;
}

function aboutSummary(key: string, retrained: boolean): Pick<ResultColumn, "better" | "side"> {
  const measure = longestNamed(summaryMeasures, key);
  if (!measure) return { better: "none", side: "other" };
  const { better, about } = measure;
  const side = about === "both" ? "other" : about;
  // An attack that succeeds less than on the retrained model has been trained against.
  return { side, better: better === "lower" && side === "forgetting" && retrained ? "retrained" : better };
}

/** The entry whose name `key` is, or continues as an option's variant does. */
function longestNamed<Entry extends { readonly name: string }>(
  table: ReadonlyMap<string, Entry>,
  key: string,
): Entry | undefined {
  const known = [...table.values()].filter(({ name }) => key === name || key.startsWith(`${name}-`));
  return known.toSorted((a, b) => b.name.length - a.name.length)[0];
}
