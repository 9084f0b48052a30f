// A trade-off: what is still remembered (up) against what is kept (right), one point per evaluated step of a run, with before, after and retrained marked,
// or one per strength of an offset.
import type { Evaluation, MetricResult, TrajectoryPoint } from "../../evaluation/result.ts";
import { setsOf } from "../comparison.ts";
import { html, type Markup } from "../markup.ts";
import { capitalise, formatValue, type MetricStyle, metricRank, metricStyle } from "../metric-style.ts";
import { measureAxis } from "./axis.ts";
import { type Box, frame, inlineMark, mark } from "./frame.ts";
import { along, around, type Point, placeLabels } from "./labels.ts";

const box: Box = { left: 46, top: 38, right: 436, bottom: 300 };

/** One metric on one forget set and on one retained set. */
export interface TradeOff {
  readonly metric: string;
  readonly style: MetricStyle;
  readonly forget: { readonly set: string; readonly title: string };
  readonly retain: { readonly set: string; readonly title: string };
  /** What the points are, one after the other. */
  readonly along: "step" | "α";
  readonly points: readonly { readonly at: number; readonly forget: number; readonly retain: number }[];
  readonly ends: readonly { readonly column: string; readonly forget: MetricResult; readonly retain: MetricResult }[];
}

/** The trade-offs that can be drawn: the first forget set against the first retained set, for each metric that both have: those measured at most steps first, then the best known. */
export function tradeOffs(evaluations: readonly Evaluation[], trajectory: readonly TrajectoryPoint[]): TradeOff[] {
  return shared(evaluations)
    .map(({ metric, forget, retain }) => ({
      metric,
      style: metricStyle(metric),
      forget,
      retain,
      along: "step" as const,
      points: trajectory.flatMap(({ step, sets: values }) => {
        const [x, y] = [values[retain.set]?.[metric], values[forget.set]?.[metric]];
        return x === undefined || y === undefined ? [] : [{ at: step, forget: y, retain: x }];
      }),
      ends: evaluations.flatMap((evaluation) => {
        const [x, y] = [resultOf(evaluation, retain.set, metric), resultOf(evaluation, forget.set, metric)];
        return x && y ? [{ column: evaluation.column, forget: y, retain: x }] : [];
      }),
    }))
    .filter(({ ends }) => ends.length > 0)
    .toSorted((a, b) => b.points.length - a.points.length);
}

/** The same of one model with offsets at several strengths, in ascending order; none where there are fewer than two. */
export function strengthTradeOffs(evaluations: readonly Evaluation[]): TradeOff[] {
  return shared(evaluations)
    .map(({ metric, forget, retain }) => {
      const points = evaluations.flatMap((evaluation) => {
        const { alpha: at } = evaluation;
        const [x, y] = [resultOf(evaluation, retain.set, metric), resultOf(evaluation, forget.set, metric)];
        return at === undefined || !x || !y ? [] : [{ at, forget: y.value, retain: x.value }];
      });
      const sorted = points.toSorted((a, b) => a.at - b.at);
      return { metric, style: metricStyle(metric), forget, retain, along: "α" as const, points: sorted, ends: [] };
    })
    .filter(({ points }) => points.length > 1);
}

/** Metrics of both the first forget set and the first retained set, the best known first. */
function shared(evaluations: readonly Evaluation[]) {
  const sets = setsOf(evaluations);
  const forget = sets.find(({ role }) => role === "forget");
  const retain = sets.find(({ role }) => role === "retain");
  if (!forget || !retain) return [];
  const metrics = Object.keys(forget.metrics).filter((key) => key in retain.metrics);
  return metrics.toSorted((a, b) => metricRank(a) - metricRank(b)).map((metric) => ({ metric, forget, retain }));
}

const resultOf = ({ sets }: Evaluation, set: string, metric: string) =>
  sets.find((result) => result.set === set)?.metrics[metric];

/** SVG with a caption that explains its marks; every point has a title to hover over. */
export function tradeOffPlot(tradeOff: TradeOff): Markup {
  const { style, forget, retain, along: place, points, ends } = tradeOff;
  const show = (value: number) => formatValue(value, style);
  const x = measureAxis(
    style,
    [...points, ...ends.map(valuesOf)].map((point) => point.retain),
    [box.left, box.right],
    "near",
  );
  const y = measureAxis(
    style,
    [...points, ...ends.map(valuesOf)].map((point) => point.forget),
    [box.bottom, box.top],
    "whole",
  );
  const path = points.filter((point) => Number.isFinite(point.forget) && Number.isFinite(point.retain));
  const marks = path.map((point) => ({ ...point, x: x.at(point.retain), y: y.at(point.forget) }));
  const drawn = ends.filter((end) => Number.isFinite(end.forget.value + end.retain.value));
  const marked = drawn.map((end) => {
    const place = { x: x.at(end.retain.value), y: y.at(end.forget.value) };
    const [left = 0, right = 0] = reachOf(end.retain).map(x.at);
    const [bottom = 0, top = 0] = reachOf(end.forget).map(y.at);
    const whiskers = [
      { left, right, top: place.y - 2, bottom: place.y + 2 },
      { left: place.x - 2, right: place.x + 2, top, bottom },
    ];
    return { ...end, ...place, whiskers, reach: `M${left} ${place.y}H${right}M${place.x} ${bottom}V${top}` };
  });
  const tell = (name: string, at: { readonly forget: number; readonly retain: number }) =>
    `${name}: ${show(at.forget)} on ${forget.title}, ${show(at.retain)} on ${retain.title}`;
  const told =
    place === "step"
      ? ends.map((end) => tell(end.column, valuesOf(end)))
      : points.map((point) => tell(`α ${point.at}`, point));
  const between = place === "step" ? ` ${points.length} steps between.` : "";
  return html`<figure class="trade-off">
    <svg viewBox="0 0 460 350" role="img" aria-label="${`Trade-off in ${style.title}. ${told.join("; ")}.${between}`}">
      ${frame(box, x, y, { x: `→ ${retain.title}`, y: `↑ ${forget.title}` })}
      <polyline points="${marks.map((point) => `${point.x},${point.y}`).join(" ")}" class="path"/>
      ${marks.map(
        (point) =>
          html`<circle cx="${point.x}" cy="${point.y}" r="3.5" class="step"><title>${tell(`${place} ${point.at}`, point)}</title></circle>`,
      )}
      ${marked.map(
        (end) => html`<g class="${`end ${end.column}`}">
          <path d="${end.reach}" class="reach"/>
          ${mark(end.column, end.x, end.y, 7)}
          <title>${tell(end.column, valuesOf(end))}</title>
        </g>`,
      )}
      <g aria-hidden="true">${labelsOf(marked, marks)}</g>
    </svg>
    <figcaption>${capitalise(style.title)} on ${forget.title} (up: still remembered) against ${retain.title} (right: kept).
      ${ends.map((end) => html`<span class="legend">${inlineMark(end.column)} ${end.column}</span> `)}
      ${captionOf(tradeOff)}
    </figcaption>
    ${numbersBehind(tradeOff)}
  </figure>`;
}

function captionOf({ along: place, points }: TradeOff): string {
  if (place === "α") return "Dots are strengths of the offset; α = 0 is the model without it.";
  if (points.length > 0) return "Small dots are steps of the run; whiskers are 95 % intervals.";
  return "Whiskers are 95 % intervals; no steps in between were evaluated.";
}

/** The plot as a table, for readers who do not see it. */
function numbersBehind({ style, forget, retain, along: place, points, ends }: TradeOff): Markup {
  const rows = [
    ...ends.map((end) => ({ name: end.column, ...valuesOf(end) })),
    ...points.map((point) => ({ ...point, name: `${place} ${point.at}` })),
  ];
  return html`<details><summary>Numbers</summary><table>
    <thead><tr><th scope="col"></th><th scope="col" class="figure">${forget.title}</th><th scope="col" class="figure">${retain.title}</th></tr></thead>
    <tbody>${rows.map(
      (row) =>
        html`<tr><th scope="row">${row.name}</th><td class="figure">${formatValue(row.forget, style)}</td><td class="figure">${formatValue(row.retain, style)}</td></tr>`,
    )}</tbody>
  </table></details>`;
}

const valuesOf = (end: TradeOff["ends"][number]) => ({ forget: end.forget.value, retain: end.retain.value });

/** Names of the columns first, then as many numbers of points as fit, the last and the first before the others. */
function labelsOf(
  ends: readonly (Point & { readonly column: string; readonly whiskers: readonly Box[] })[],
  steps: readonly (Point & { readonly at: number })[],
): readonly Markup[] {
  const obstacles = [
    ...ends.flatMap((end) => [around(end, 9), ...end.whiskers]),
    ...steps.flatMap((step, index) => [around(step, 4), ...along(step, steps[index + 1] ?? step)]),
  ];
  const names = ends.map((end) => ({ ...end, text: end.column, kind: "name" as const }));
  const numbers = steps.map((step) => ({ ...step, text: String(step.at), kind: "number" as const }));
  return placeLabels(box, obstacles, [...names, ...numbers.slice(-1), ...numbers.slice(0, -1)]);
}

/** The interval, or the value alone where it has no finite one. */
const reachOf = ({ value, interval }: MetricResult) => (interval.every(Number.isFinite) ? interval : [value, value]);
