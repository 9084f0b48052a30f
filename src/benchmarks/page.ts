// The page of a benchmark or a search: who forgot and kept how much, as a plot, a table of means and every single run. Pure; made of a result alone.

import { pageDocument } from "../reporting/document.ts";
import { html, type Markup } from "../reporting/markup.ts";
import { capitalise, formatNumber, formatValue } from "../reporting/metric-style.ts";
import { inlineMark } from "../reporting/plots/frame.ts";
import { paretoPlot } from "../reporting/plots/pareto.ts";
import { choice, section } from "../reporting/sections/section.ts";
import { shellLine } from "../reporting/shell.ts";
import { boundarySection } from "./boundary-section.ts";
import { matchedSection } from "./matched-section.ts";
import { cellOf, type MeanCell, type MeanRow, meansOverSeeds } from "./means.ts";
import { paretoOf } from "./pareto.ts";
import type { BenchmarkResult, ResultCell, ResultColumn, ResultRow } from "./result.ts";
import { countOf } from "./table.ts";

/** The whole document as text. Same result, same bytes. */
export function renderBenchmarkPage(result: BenchmarkResult): string {
  const { title, notes, command } = result;
  return pageDocument({
    title: `${title} · Lethe`,
    overline: `Lethe ${result.lethe} · benchmark`,
    heading: title,
    main: html`<div class="preface">${notes.map((note) => html`<p class="note">${note}</p>`)}</div>
  ${section("pareto", "Forgetting against keeping", paretoSection(result), "This plot needs a measure of forgetting and one of keeping, and at least one method with both.")}
  ${section("means", "Measures", meansTable(result), "Nothing was measured.")}
  ${result.boundary && section("boundary", "Where forgetting ends", boundarySection(result), "Nothing was measured.")}
  ${result.matched && section("matched", "At the same forgetting", matchedSection(result), "No run was measured on its way.")}
  ${section("runs", "Every run", runsTable(result), "There are no runs.")}
  ${section("reproduce", "Run it again", html`<pre tabindex="0" aria-label="command"><code>${shellLine(command)}</code></pre>`, "")}`,
  });
}

/** Every measure of forgetting against the first of keeping. */
function paretoSection(result: BenchmarkResult): Markup | undefined {
  const keeping = result.columns.find(({ side, better }) => side === "keeping" && better !== "none");
  const rows = meansOverSeeds(result);
  const plots = result.columns
    .filter(({ side, better }) => side === "forgetting" && better !== "none")
    .flatMap((forgetting) => {
      const pareto = keeping && paretoOf(rows, forgetting, keeping);
      return pareto ? [{ name: capitalise(forgetting.title), content: paretoPlot(pareto) }] : [];
    });
  return plots.length === 0 ? undefined : choice("Measure of forgetting", plots);
}

function meansTable(result: BenchmarkResult): Markup | undefined {
  const rows = meansOverSeeds(result);
  if (rows.length === 0 || result.columns.length === 0) return undefined;
  return html`${resultTable(
    result.columns,
    rows.map((row) => ({ ...row, name: nameOf(row), count: countOf(row) })),
    "Seeds",
  )}
  <p class="note">Small figures are 95 % intervals: over the start models or, where there is one, over the seeds where there are several (Student's t; geometric means and intervals of logarithms for measures on a
    logarithmic scale; what would lie beyond 0 and 1 of a share, 0 and 100 of a percentage, cut off), otherwise over the examples. Time is that of a run without its evaluations; step the middle one of its optimiser steps; memory the process's largest at the end of a step; cost that of an optimiser step as a multiple of gradient ascent's, as counted.
    ${directions(result.columns)}</p>`;
}

function runsTable({ rows, columns }: BenchmarkResult): Markup | undefined {
  const runs = rows.filter(({ settings }) => settings !== null);
  if (runs.length === 0) return undefined;
  const cellsOf = (run: ResultRow) => columns.map(({ measure }) => [measure, cellOf(run, measure)] as const);
  return html`<details><summary>${runs.length} ${runs.length === 1 ? "run" : "runs"}</summary>
    ${resultTable(
      columns,
      runs.map((run) => ({
        ...run,
        name: nameOf(run),
        count: String(run.seed),
        cells: Object.fromEntries(cellsOf(run)),
      })),
      "Seed",
    )}
  </details>`;
}

interface TableRow extends Pick<MeanRow, "settings" | "steps" | "seconds" | "stepSeconds" | "peakMegabytes" | "cost"> {
  readonly method: string;
  readonly name: Markup;
  readonly count: string;
  readonly cells: Readonly<Record<string, ResultCell | MeanCell>>;
}

/** A row per method, and below it why some have no number. */
function resultTable(columns: readonly ResultColumn[], rows: readonly TableRow[], countTitle: string): Markup {
  const examples = columns.map(({ measure }) => examplesOf(rows, measure));
  const reasons = [...new Set(rows.flatMap(({ cells }) => Object.values(cells).flatMap(({ reason }) => reason ?? [])))];
  return html`<div class="wide" tabindex="0" role="region" aria-label="table"><table class="results">
    <thead><tr>
      <th scope="col">Method</th>
      ${columns.map(({ title }, i) => html`<th scope="col" class="figure">${capitalise(title)}${examples[i] !== undefined && html` <span class="interval">n = ${examples[i]}</span>`}</th>`)}
      ${[countTitle, "Steps", "Time", "Step", "Memory", "Cost"].map((title) => html`<th scope="col" class="figure">${title}</th>`)}
    </tr></thead>
    <tbody>${rows.map((row) => {
      const facts = [
        [countTitle, row.count],
        ["Steps", row.steps === null ? "" : String(Math.round(row.steps))],
        ["Time", row.seconds === null ? "" : `${formatNumber(row.seconds)} s`],
        ["Step", row.stepSeconds === null ? "" : `${formatNumber(row.stepSeconds)} s`],
        ["Memory", row.peakMegabytes === null ? "" : `${row.peakMegabytes.toFixed(0)} MB`],
        ["Cost", row.cost === null ? "" : `${row.cost.toFixed(2)} ×`],
      ] as const;
      return html`<tr class="${row.settings === null ? "model" : "method"}">
        <th scope="row">${row.name}</th>
        ${columns.map((column, i) => html`<td class="figure" data-label="${capitalise(column.title)}">${figure(row.cells[column.measure], column, reasons, examples[i] === undefined)}</td>`)}
        ${facts.map(([title, text]) => html`<td class="figure" data-label="${title}">${text}</td>`)}
      </tr>`;
    })}</tbody>
  </table></div>
  ${reasons.length > 0 && html`<ol class="note">${reasons.map((reason) => html`<li>${capitalise(reason)}</li>`)}</ol>`}`;
}

function figure(
  cell: ResultCell | undefined,
  { scale }: ResultColumn,
  reasons: readonly string[],
  withCount: boolean,
): Markup {
  if (!cell || cell.value === null) {
    const note = reasons.indexOf(cell?.reason ?? "") + 1;
    return html`<span class="quiet">none${note > 0 && html`<sup>${note}</sup>`}</span>`;
  }
  const { interval, n } = cell;
  return html`<span class="value">${formatValue(cell.value, { scale })}</span>
    ${interval && html`<span class="interval">[${formatValue(interval[0], { scale })}, ${formatValue(interval[1], { scale })}]</span>`}
    ${withCount && html`<span class="interval">n = ${n}</span>`}`;
}

/** The number of examples where it is the same in every row. */
function examplesOf(rows: readonly TableRow[], measure: string): number | undefined {
  const counts = new Set(rows.flatMap(({ cells }) => (cells[measure]?.value == null ? [] : [cells[measure].n])));
  return counts.size === 1 ? [...counts][0] : undefined;
}

function nameOf({ method, settings }: Pick<ResultRow, "method" | "settings">): Markup {
  const kind = settings === "tuned" ? "after" : settings === "default" ? "default" : method;
  return html`${inlineMark(kind)} ${method}${settings === "tuned" && html` <span class="mode">tuned</span>`}`;
}

const wordsFor = {
  higher: "higher is better",
  lower: "lower is better",
  zero: "nearer to 0 is better",
  retrained: "nearer to the retrained model is better",
  none: "not compared",
} as const;

/** "Lower is better: a, b. …" */
function directions(columns: readonly ResultColumn[]): string {
  return Object.entries(wordsFor)
    .flatMap(([better, words]) => {
      const titles = columns.filter((column) => column.better === better).map(({ title }) => title);
      return titles.length === 0 ? [] : [`${capitalise(words)}: ${titles.join(", ")}.`];
    })
    .join(" ");
}
