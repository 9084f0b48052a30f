// A benchmark's table as markdown: a line per method with means over its seeds, ready for a README.

import { formatNumber, formatValue } from "../reporting/metric-style.ts";
import { matchedMarkdown } from "./matched-section.ts";
import { type MeanCell, type MeanRow, meansOverSeeds } from "./means.ts";
import type { BenchmarkResult, ResultColumn } from "./result.ts";

/** Ends with the notes and with the reasons for what has no value. */
export function renderMarkdown(result: BenchmarkResult): string {
  const { title, columns, notes } = result;
  const rows = meansOverSeeds(result);
  const reasons: string[] = [];
  /** A number for a footnote, the same for the same reason. */
  const footnote = (reason: string) => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return `[${reasons.indexOf(reason) + 1}]`;
  };
  const head = ["method", "seeds", ...columns.map((column) => column.title), "steps", "time", "step", "memory", "cost"];
  const body = rows.map((row) => [
    nameOf(row),
    countOf(row),
    ...columns.map((column) => cellText(row.cells[column.measure] as MeanCell, column, footnote)),
    row.steps === null ? "" : String(Math.round(row.steps)),
    row.seconds === null ? "" : `${row.seconds.toFixed(0)} s`,
    row.stepSeconds === null ? "" : `${formatNumber(row.stepSeconds)} s`,
    row.peakMegabytes === null ? "" : `${row.peakMegabytes.toFixed(0)} MB`,
    row.cost === null ? "" : `×${row.cost.toFixed(2)}`,
  ]);
  const lines = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...body];
  return [
    `## ${title}`,
    lines.map((cells) => `| ${cells.map(escaped).join(" | ")} |`).join("\n"),
    "In brackets 95 % intervals: over start models where there are several, else over seeds, else over examples; those of shares and percentages end where these do. Time: of a run without its evaluations; step: the middle one of its optimiser steps; memory: the process's largest at the end of a step. Cost: of an optimiser step, as a multiple of gradient ascent's, counted.",
    ...(reasons.length > 0 ? [reasons.map((reason, i) => `[${i + 1}] ${reason}`).join("  \n")] : []),
    ...matchedMarkdown(result),
    ...notes,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

/** How many runs, or models; nothing for the only model. */
export const countOf = ({ settings, runs }: MeanRow): string =>
  settings === null && runs.length === 1 ? "" : String(runs.length);

const nameOf = ({ method, settings }: MeanRow) => (settings === "tuned" ? `${method} (tuned)` : method);

function cellText({ value, interval, reason }: MeanCell, column: ResultColumn, footnote: (reason: string) => string) {
  if (value === null) return footnote(reason ?? "not computed");
  const text = formatValue(value, column);
  if (!interval) return text;
  return `${text} [${interval.map((end) => formatValue(end, column)).join(", ")}]`;
}

const escaped = (cell: string) => cell.replaceAll("|", "\\|");
