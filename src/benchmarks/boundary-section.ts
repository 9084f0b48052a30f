// The page's section on the scope's boundary: one small plot per method. Pure; made of a result alone.

import { html, type Markup } from "../reporting/markup.ts";
import { capitalise } from "../reporting/metric-style.ts";
import { type BoundaryLine, boundaryLegend, boundaryPlot } from "../reporting/plots/boundary.ts";
import { type MeanRow, meansOverSeeds } from "./means.ts";
import type { BenchmarkResult, ResultColumn } from "./result.ts";

/** Undefined where nothing was measured by nearness. */
export function boundarySection({ boundary, rows }: BenchmarkResult): Markup | undefined {
  if (!boundary || rows.length === 0) return undefined;
  const { title, scale, bins } = boundary;
  const columns = bins.map(({ measure }): ResultColumn => ({ measure, title, side: "keeping", better: "none", scale }));
  const means = meansOverSeeds({ rows, columns });
  const lineOf = (row: MeanRow, kind: BoundaryLine["kind"]): BoundaryLine => ({
    kind,
    values: bins.map(({ measure }) => {
      const { value = null, interval } = row.cells[measure] ?? {};
      return value === null ? undefined : { value, ...(interval ? { interval } : {}) };
    }),
  });
  const models = (["before", "retrained"] as const).flatMap((kind) => {
    const row = means.find(({ settings, method }) => settings === null && method === kind);
    return row ? [lineOf(row, kind)] : [];
  });
  const plots = means
    .filter(({ settings }) => settings !== null)
    .map((row) =>
      boundaryPlot({
        name: row.settings === "tuned" ? `${row.method} (tuned)` : row.method,
        measure: { title, style: { scale } },
        nearness: bins.map(({ mean }) => mean),
        lines: [...models, lineOf(row, "after")],
      }),
    );
  const ranges = bins.map(({ from, to, n }) => `${from.toFixed(2)} to ${to.toFixed(2)} (n = ${n})`).join(", ");
  return html`<div class="curves">${plots}</div>
  <p class="note">${boundaryLegend()} ${capitalise(title)}, by how near a kept question lies to the nearest forgotten one: words and pairs of words that they have in common by all of both.
    Bins: ${ranges}. Bars are 95 % intervals of the method, as in the table.</p>`;
}
