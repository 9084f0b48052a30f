// The page's section on methods at the same forgetting, and the same table for a README: runs' trajectories, and what each method keeps where it has come as
// far as a stated value. Pure; made of a result alone.

import { html, type Markup } from "../reporting/markup.ts";
import { capitalise, formatValue } from "../reporting/metric-style.ts";
import { curvePlot } from "../reporting/plots/curves.ts";
import { pathsPlot, type Way } from "../reporting/plots/paths.ts";
import { choice } from "../reporting/sections/section.ts";
import { matchedKeys } from "./matched.ts";
import { type MeanCell, type MeanRow, meanAndInterval, meansOverSeeds, valuesOf } from "./means.ts";
import type { BenchmarkResult, MatchedResult, ResultColumn, ResultRow } from "./result.ts";

export interface MatchedRow {
  readonly method: string;
  /** One for each value: what is kept there and when, or why there is nothing. */
  readonly cells: readonly { readonly kept: string; readonly interval: string; readonly step: string }[];
}

/** Methods of one objective beside each other. */
export function matchedRows({ rows }: Pick<BenchmarkResult, "rows">, matched: MatchedResult): MatchedRow[] {
  const { at, retain } = matched;
  const columns = at.flatMap((_, i): ResultColumn[] => {
    const keys = matchedKeys(i);
    const shown = { title: retain.title, side: "keeping", better: "none" } as const;
    return [
      { ...shown, measure: keys.retain, scale: retain.scale },
      { ...shown, measure: keys.step, scale: "free" },
    ];
  });
  return grouped(meansOverSeeds({ rows, columns }), matched).flatMap(({ members }) =>
    members.map((row) => ({
      method: nameOf(row),
      cells: at.map((_, i) => {
        const keys = matchedKeys(i);
        const [kept, step] = [row.cells[keys.retain] as MeanCell, row.cells[keys.step] as MeanCell];
        const show = (value: number) => formatValue(value, retain);
        if (kept.value === null || step.value === null) return { kept: kept.reason ?? "", interval: "", step: "" };
        return {
          kept: show(kept.value),
          interval: kept.interval ? `[${kept.interval.map(show).join(", ")}]` : "",
          step: String(Math.round(step.value)),
        };
      }),
    })),
  );
}

/** Undefined where no run has a trajectory. */
export function matchedSection(result: BenchmarkResult): Markup | undefined {
  const { matched, rows } = result;
  if (!matched || !rows.some(({ trajectory }) => trajectory !== undefined)) return undefined;
  const { forget, retain, at } = matched;
  const groups = grouped(meansOverSeeds({ rows, columns: [] }), matched).map(({ title, members }) => ({
    title,
    ways: members.map((row) => ({ name: nameOf(row), points: meanWay(row.runs, matched) })),
  }));
  const measures = {
    forget: { title: forget.title, style: forget },
    retain: { title: retain.title, style: retain },
  };
  return html`${choice("Trajectories", [
    {
      name: "Remembered against kept",
      content: html`<div class="curves">${groups.map(({ title, ways }) => pathsPlot({ name: title, ...measures, ways, levels: at }))}</div>`,
    },
    { name: "Over the steps", content: html`<div class="curves">${groups.map(overSteps)}</div>` },
  ])}
  <p class="note">Up: ${forget.title}; right: ${retain.title}. A dot is an evaluated step, a mean over the runs where there are several; lines across are the values below.</p>
  ${matchedTable(matchedRows(result, matched), matched)}
  <p class="note">${explained(matched)}</p>`;
}

/** The table as markdown. */
export function matchedMarkdown(result: BenchmarkResult): string[] {
  const { matched } = result;
  if (!matched) return [];
  const head = ["method", ...matched.at.flatMap((value) => [headOf(value, matched), "step"])];
  const body = matchedRows(result, matched).map(({ method, cells }) => [
    method,
    ...cells.flatMap(({ kept, interval, step }) => [`${kept} ${interval}`.trim(), step]),
  ]);
  const lines = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...body];
  return [
    "### At the same forgetting",
    lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n"),
    explained(matched),
  ];
}

const headOf = (value: number, { forget }: MatchedResult) => `kept at ${formatValue(value, forget)}`;

const explained = ({ forget, retain }: MatchedResult) =>
  `Kept: ${retain.title}, where ${forget.title} first comes to the value; between evaluated steps both are taken to move in straight lines. Means and intervals as above, where all runs came there.`;

function matchedTable(rows: readonly MatchedRow[], matched: MatchedResult): Markup {
  return html`<div class="wide" tabindex="0" role="region" aria-label="table"><table class="results">
    <thead><tr>
      <th scope="col">Method</th>
      ${matched.at.map((value) => html`<th scope="col" class="figure">${capitalise(headOf(value, matched))}</th><th scope="col" class="figure">Step</th>`)}
    </tr></thead>
    <tbody>${rows.map(
      ({ method, cells }) => html`<tr>
        <th scope="row">${method}</th>
        ${cells.map(
          ({ kept, interval, step }, i) =>
            html`<td class="figure" data-label="${capitalise(headOf(matched.at[i] as number, matched))}">${step === "" ? html`<span class="quiet">${kept}</span>` : html`<span class="value">${kept}</span> <span class="interval">${interval}</span>`}</td>
            <td class="figure" data-label="Step">${step}</td>`,
        )}
      </tr>`,
    )}</tbody>
  </table></div>`;
}

function overSteps({ title, ways }: { readonly title: string; readonly ways: readonly Way[] }): Markup {
  const steps = [...new Set(ways.flatMap(({ points }) => points.map(({ step }) => step)))].toSorted((a, b) => a - b);
  const on = (way: Way, side: "forget" | "retain") =>
    steps.map((step) => way.points.find((point) => point.step === step)?.[side] ?? null);
  const curves = ways.flatMap((way) => [
    { name: `${way.name}, remembered`, values: on(way, "forget") },
    { name: `${way.name}, kept`, values: on(way, "retain") },
  ]);
  return curvePlot(title, curves, steps);
}

/** Steps that all runs were measured at. */
function meanWay(runs: readonly ResultRow[], { forget, retain }: MatchedResult): Way["points"] {
  const [first, ...others] = runs.map(({ trajectory = [] }) => trajectory);
  const common = (first ?? []).filter(({ step }) => others.every((each) => each.some((point) => point.step === step)));
  const mean = (step: number, side: "forget" | "retain", { scale }: Pick<ResultColumn, "scale">) =>
    meanAndInterval(
      valuesOf(runs, (run) => run.trajectory?.find((point) => point.step === step)?.[side] ?? Number.NaN, scale),
      scale,
    ).mean;
  return common.map(({ step }) => ({
    step,
    forget: mean(step, "forget", forget),
    retain: mean(step, "retain", retain),
  }));
}

const grouped = (means: readonly MeanRow[], { groups }: MatchedResult) =>
  groups.map(({ title, methods }) => ({
    title,
    members: means.filter(({ method, settings }) => settings !== null && methods.includes(method)),
  }));

const nameOf = ({ method, settings }: MeanRow) => (settings === "tuned" ? `${method} (tuned)` : method);
