// How one metric is spread over the examples of a set: one histogram per column on a common axis, with the aggregate and its interval below.
import type { MetricResult } from "../../evaluation/result.ts";
import type { ComparisonGroup, ComparisonRow } from "../comparison.ts";
import { html, type Markup } from "../markup.ts";
import { boundsOf, capitalise, formatValue, type MetricStyle } from "../metric-style.ts";
import { type Axis, linearAxis, logarithmicAxis, roundSpan } from "./axis.ts";

const bins = 20;
const left = 8;
const right = 372;
const rowHeight = 66;
const barHeight = 34;

/** Histograms of `row`, one per column that has values per example; undefined when none has. */
export function distributionPlot(
  group: ComparisonGroup,
  row: ComparisonRow,
  columns: readonly string[],
): Markup | undefined {
  const spreads = row.cells.flatMap((cell, index) => {
    const values = (cell?.perExample ?? []).filter((value) => value !== null && Number.isFinite(value)) as number[];
    return cell && values.length > 0 ? [{ column: columns[index] ?? "", cell, values }] : [];
  });
  if (spreads.length === 0) return undefined;
  const all = spreads.flatMap(({ values }) => values);
  const axis = axisFor(row.style, all);
  const counted = spreads.map((spread) => ({ ...spread, counts: count(spread.values, axis) }));
  const highest = Math.max(...counted.flatMap(({ counts }) => counts));
  const height = counted.length * rowHeight + 30;
  const label = counted.map(
    ({ column, cell, values }) => `${column}: ${values.length} examples, ${formatValue(cell.value, row.style)}`,
  );
  return html`<figure class="distribution">
    <figcaption><strong>${capitalise(group.title)}</strong>, ${row.style.title}</figcaption>
    <svg viewBox="0 0 380 ${height}" role="img" aria-label="${`${row.style.title} per example on ${group.title}. ${label.join("; ")}.`}">
      ${counted.map((spread, index) => histogram(spread, index * rowHeight, highest, axis, row.style))}
      <g class="frame" aria-hidden="true">${axis.ticks.map(
        ({
          place,
          label: text,
        }) => html`<line x1="${place}" x2="${place}" y1="${height - 26}" y2="${height - 21}" class="tick"/>
        <text x="${place}" y="${height - 18}" dy="0.8em" text-anchor="${place <= left ? "start" : place >= right ? "end" : "middle"}">${text}</text>`,
      )}</g>
    </svg>
  </figure>`;
}

function histogram(
  {
    column,
    cell,
    values,
    counts,
  }: { column: string; cell: MetricResult; values: readonly number[]; counts: readonly number[] },
  top: number,
  highest: number,
  axis: Axis,
  style: MetricStyle,
): Markup {
  const base = top + 20 + barHeight;
  const width = (right - left) / bins;
  const reach = cell.interval.every(Number.isFinite) && Number.isFinite(cell.value);
  return html`<g class="${`histogram ${column}`}">
    <text x="${left}" y="${top + 13}">${column} <tspan class="quiet">${formatValue(cell.value, style)}, n = ${cell.n}</tspan></text>
    ${counts.map((size, bin) => {
      if (size === 0) return undefined;
      // One example stays visible beside hundreds.
      const tall = Math.max(1.5, Math.round((size / highest) * barHeight * 10) / 10);
      return html`<rect x="${left + bin * width + 0.5}" y="${base - tall}" width="${width - 1}" height="${tall}" class="bar"><title>${`${size} of ${values.length}`}</title></rect>`;
    })}
    <line x1="${left}" x2="${right}" y1="${base}" y2="${base}" class="base"/>
    ${reach && html`<path d="M${axis.at(cell.interval[0])} ${base + 5}H${axis.at(cell.interval[1])}" class="reach"/><circle cx="${axis.at(cell.value)}" cy="${base + 5}" r="3" class="dot"/>`}
  </g>`;
}

/** Examples per bin of equal width along the axis. */
function count(values: readonly number[], axis: Axis): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((axis.at(value) - left) / (right - left)) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function axisFor(style: MetricStyle, values: readonly number[]): Axis {
  const bounds = boundsOf(style);
  if (bounds) return linearAxis(bounds, [left, right]);
  if (style.scale === "logarithmic" && values.every((value) => value > 0))
    return logarithmicAxis(values, [left, right]);
  return linearAxis(roundSpan(values, 0, [-Number.MAX_VALUE, Number.MAX_VALUE]), [left, right]);
}
