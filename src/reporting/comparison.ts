// The row model behind every table: set × metric × column, with a reading in words. The terminal and the HTML page print the same rows. Knows nothing of markup.
import type { Evaluation, MetricResult, SetResult, SetRole } from "../evaluation/result.ts";
import { type ForgetJudgement, fewExamples, judgeForgetting, judgeKeeping, type KeepJudgement } from "./judgement.ts";
import { formatPercent, type MetricStyle, metricRank, metricStyle } from "./metric-style.ts";

export interface ComparisonRow {
  readonly metric: string;
  readonly mode: MetricResult["mode"];
  readonly style: MetricStyle;
  /** One per column of the comparison; undefined where that column has no such number or no example counts. */
  readonly cells: readonly (MetricResult | undefined)[];
  readonly forgetting?: ForgetJudgement;
  readonly keeping?: KeepJudgement;
  /** What the row says, in a few words; empty when nothing can be said. */
  readonly reading: string;
  readonly tone: "good" | "bad" | "open";
}

export interface ComparisonGroup {
  readonly set: string;
  readonly title: string;
  readonly role: SetRole;
  readonly rows: readonly ComparisonRow[];
}

export interface Comparison {
  readonly columns: readonly string[];
  /** Forget sets first, then retained, then general; within a role in the order of the files. */
  readonly groups: readonly ComparisonGroup[];
}

const roles: readonly SetRole[] = ["forget", "retain", "general"];

/** Joins evaluations, one column each, in the order given. Numbers of different modes (peer, corrected) never share a row. */
export function compare(evaluations: readonly Evaluation[]): Comparison {
  const columns = evaluations.map((evaluation) => evaluation.column);
  const groups = setsOf(evaluations).map(({ set, title, role }) => {
    const results = evaluations.map((evaluation) => evaluation.sets.find((candidate) => candidate.set === set));
    return { set, title, role, rows: rowsOf(results, role, columns) };
  });
  return { columns, groups };
}

/** Every set of any column once, forget sets first. */
export function setsOf(evaluations: readonly Evaluation[]): SetResult[] {
  const sets = new Map<string, SetResult>();
  for (const result of evaluations.flatMap((evaluation) => evaluation.sets))
    if (!sets.has(result.set)) sets.set(result.set, result);
  return [...sets.values()].toSorted((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role));
}

function rowsOf(
  results: readonly (SetResult | undefined)[],
  role: SetRole,
  columns: readonly string[],
): ComparisonRow[] {
  const kinds = new Map<string, { metric: string; mode: MetricResult["mode"] }>();
  for (const { metric, mode } of results.flatMap((result) => Object.values(result?.metrics ?? {})))
    kinds.set(`${mode} ${metric}`, { metric, mode });
  return [...kinds.values()]
    .toSorted((a, b) => metricRank(a.metric) - metricRank(b.metric))
    .map(({ metric, mode }) => {
      const cells = results.map((result) =>
        Object.values(result?.metrics ?? {}).find((cell) => cell.metric === metric && cell.mode === mode && cell.n > 0),
      );
      return { metric, mode, cells, ...read(cells, columns, role, metricStyle(metric)) };
    });
}

function read(cells: ComparisonRow["cells"], columns: readonly string[], role: SetRole, style: MetricStyle) {
  const [before, after, retrained] = ["before", "after", "retrained"].map((name) => cells[columns.indexOf(name)]);
  const silent = { style, reading: "", tone: "open" as const };
  if (!before || !after) return silent;
  if (role === "forget") {
    if (!retrained) return { ...silent, reading: "no baseline" };
    const forgetting = judgeForgetting(before, after, retrained, style);
    return forgetting ? { style, forgetting, ...readForgetting(forgetting) } : silent;
  }
  const keeping = judgeKeeping(before, after, style);
  return keeping ? { style, keeping, ...readKeeping(keeping) } : silent;
}

function readForgetting({ outcome, progress, n }: ForgetJudgement): Pick<ComparisonRow, "reading" | "tone"> {
  switch (outcome) {
    case "reached":
      return { reading: "at the baseline", tone: "good" };
    case "remembers":
      return { reading: `${formatPercent(progress)} of the way`, tone: "bad" };
    case "over":
      return { reading: "over-forgotten", tone: "bad" };
    case "nothing":
      return { reading: "nothing to forget", tone: "open" };
    case "unclear":
      return { reading: n < fewExamples ? `too few, n = ${n}` : "unclear", tone: "open" };
  }
}

function readKeeping({ outcome, part, interval, n }: KeepJudgement): Pick<ComparisonRow, "reading" | "tone"> {
  const kept = `${formatPercent(part)} kept`;
  if (outcome === "unclear")
    return {
      reading: n < fewExamples ? `${kept}, n = ${n}` : `${kept}, ≥ ${formatPercent(interval[0])}`,
      tone: "open",
    };
  return { reading: kept, tone: outcome === "kept" ? "good" : "bad" };
}
