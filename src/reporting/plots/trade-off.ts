// The trade-off along a run: what is still remembered (up) against what is kept (right), one point per evaluated step, with before, after and retrained marked.
import type { Evaluation, MetricResult, TrajectoryPoint } from "../../evaluation/result.ts";
import { setsOf } from "../comparison.ts";
import { html, type Markup } from "../markup.ts";
import { capitalise, formatValue, type MetricStyle, metricRank, metricStyle } from "../metric-style.ts";
import { type Axis, linearAxis, logarithmicAxis, roundSpan } from "./axis.ts";
import { type Box, frame, inlineMark, mark } from "./frame.ts";

const box: Box = { left: 46, top: 38, right: 436, bottom: 300 };

/** One metric on one forget set and on one retained set. */
export interface TradeOff {
  readonly metric: string;
  readonly style: MetricStyle;
  readonly forget: { readonly set: string; readonly title: string };
  readonly retain: { readonly set: string; readonly title: string };
  readonly points: readonly { readonly step: number; readonly forget: number; readonly retain: number }[];
  readonly ends: readonly { readonly column: string; readonly forget: MetricResult; readonly retain: MetricResult }[];
}

/** The trade-offs that can be drawn: the first forget set against the first retained set, for each metric that both have: those measured at most steps first, then the best known. */
export function tradeOffs(evaluations: readonly Evaluation[], trajectory: readonly TrajectoryPoint[]): TradeOff[] {
  const sets = setsOf(evaluations);
  const forget = sets.find(({ role }) => role === "forget");
  const retain = sets.find(({ role }) => role === "retain");
  if (!forget || !retain) return [];
  const metrics = Object.keys(forget.metrics).filter((key) => key in retain.metrics);
  return metrics
    .toSorted((a, b) => metricRank(a) - metricRank(b))
    .map((metric) => ({
      metric,
      style: metricStyle(metric),
      forget,
      retain,
      points: trajectory.flatMap(({ step, sets: values }) => {
        const [x, y] = [values[retain.set]?.[metric], values[forget.set]?.[metric]];
        return x === undefined || y === undefined ? [] : [{ step, forget: y, retain: x }];
      }),
      ends: evaluations.flatMap(({ column, sets: results }) => {
        const of = (set: string) => results.find((result) => result.set === set)?.metrics[metric];
        const [x, y] = [of(retain.set), of(forget.set)];
        return x && y ? [{ column, forget: y, retain: x }] : [];
      }),
    }))
    .filter(({ ends }) => ends.length > 0)
    .toSorted((a, b) => b.points.length - a.points.length);
}

/** SVG with a caption that explains its marks; every point has a title to hover over. */
export function tradeOffPlot(tradeOff: TradeOff): Markup {
  const { style, forget, retain, points, ends } = tradeOff;
  const show = (value: number) => formatValue(value, style);
  const x = axisFor(
    style,
    [...points, ...ends.map(valuesOf)].map((point) => point.retain),
    [box.left, box.right],
    "near",
  );
  const y = axisFor(
    style,
    [...points, ...ends.map(valuesOf)].map((point) => point.forget),
    [box.bottom, box.top],
    "whole",
  );
  const path = points.filter((point) => Number.isFinite(point.forget) && Number.isFinite(point.retain));
  const places = path.map((point) => ({ ...point, x: x.at(point.retain), y: y.at(point.forget) }));
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
  const labels = placeLabels(marked, places);
  const summary = ends.map(
    (end) =>
      `${end.column}: ${show(end.forget.value)} on ${forget.title}, ${show(end.retain.value)} on ${retain.title}`,
  );
  return html`<figure class="trade-off">
    <svg viewBox="0 0 460 350" role="img" aria-label="${`Trade-off in ${style.title}. ${summary.join("; ")}. ${points.length} steps between.`}">
      ${frame(box, x, y, { x: `→ ${retain.title}`, y: `↑ ${forget.title}` })}
      <polyline points="${places.map((place) => `${place.x},${place.y}`).join(" ")}" class="path"/>
      ${places.map(
        (place) =>
          html`<circle cx="${place.x}" cy="${place.y}" r="3.5" class="step"><title>${`step ${place.step}: ${show(place.forget)} on ${forget.title}, ${show(place.retain)} on ${retain.title}`}</title></circle>`,
      )}
      ${marked.map(
        (end) => html`<g class="${`end ${end.column}`}">
          <path d="${end.reach}" class="reach"/>
          ${mark(end.column, end.x, end.y, 7)}
          <title>${`${end.column}: ${show(end.forget.value)} on ${forget.title}, ${show(end.retain.value)} on ${retain.title}`}</title>
        </g>`,
      )}
      <g aria-hidden="true">${labels.map(
        (label) =>
          html`<text x="${label.x}" y="${label.y}" text-anchor="${label.anchor}" dy="0.34em" class="${label.kind}">${label.text}</text>`,
      )}</g>
    </svg>
    <figcaption>${capitalise(style.title)} on ${forget.title} (up: still remembered) against ${retain.title} (right: kept).
      ${ends.map((end) => html`<span class="legend">${inlineMark(end.column)} ${end.column}</span> `)}
      ${points.length > 0 ? html`Small dots are steps of the run; whiskers are 95 % intervals.` : html`Whiskers are 95 % intervals; no steps in between were evaluated.`}
    </figcaption>
    ${numbersBehind(tradeOff)}
  </figure>`;
}

/** The plot as a table, for readers who do not see it. */
function numbersBehind({ style, forget, retain, points, ends }: TradeOff): Markup {
  const rows = [
    ...ends.map((end) => ({ name: end.column, ...valuesOf(end) })),
    ...points.map((point) => ({ ...point, name: `step ${point.step}` })),
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

/** The forget axis shows the whole scale; the retain axis only the part that is used, at least a fifth of the scale. */
function axisFor(
  style: MetricStyle,
  values: readonly number[],
  range: readonly [number, number],
  part: "whole" | "near",
): Axis {
  if (style.scale === "logarithmic") return logarithmicAxis(values, range);
  const top = style.scale === "share" ? 1 : style.scale === "percent" ? 100 : Number.POSITIVE_INFINITY;
  if (top === Number.POSITIVE_INFINITY) return linearAxis(roundSpan(values, 0, [-top, top]), range);
  return linearAxis(part === "whole" ? [0, top] : roundSpan(values, 0.2 * top, [0, top]), range);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Label {
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
  readonly text: string;
  readonly kind: "name" | "number";
}

/** Names of the columns first, then as many step numbers as fit, the last and the first step before the others. */
function placeLabels(
  ends: readonly (Point & { readonly column: string; readonly whiskers: readonly Box[] })[],
  steps: readonly (Point & { readonly step: number })[],
): Label[] {
  const taken = [
    ...ends.flatMap((end) => [around(end.x, end.y, 9), ...end.whiskers]),
    ...steps.flatMap((step, index) => [around(step.x, step.y, 4), ...along(step, steps[index + 1] ?? step)]),
  ];
  const labels: Label[] = [];
  const place = (x: number, y: number, text: string, kind: Label["kind"]) => {
    const width = text.length * (kind === "name" ? 7.4 : 7);
    for (const [dx, dy, anchor] of [
      [14, 0, "start"],
      [-14, 0, "end"],
      [0, -19, "middle"],
      [0, 19, "middle"],
      [11, -15, "start"],
      [11, 15, "start"],
      [-11, -15, "end"],
      [-11, 15, "end"],
    ] as const) {
      const left = x + dx - (anchor === "start" ? 0 : anchor === "end" ? width : width / 2);
      const area = { left, right: left + width, top: y + dy - 8, bottom: y + dy + 8 };
      const inside =
        area.left >= box.left - 4 &&
        area.right <= box.right + 22 &&
        area.top >= box.top - 12 &&
        area.bottom <= box.bottom - 2;
      if (!inside || taken.some((other) => overlap(area, other))) continue;
      taken.push(area);
      labels.push({ x: x + dx, y: y + dy, anchor, text, kind });
      return;
    }
  };
  for (const end of ends) place(end.x, end.y, end.column, "name");
  for (const { x, y, step } of [...steps.slice(-1), ...steps.slice(0, -1)]) place(x, y, String(step), "number");
  return labels;
}

/** Small boxes along a line, so that labels keep off it. */
function along(from: Point, to: Point): Box[] {
  const count = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / 6);
  return Array.from({ length: count }, (_, i) =>
    around(from.x + ((to.x - from.x) * i) / count, from.y + ((to.y - from.y) * i) / count, 2),
  );
}

/** The interval, or the value alone where it has no finite one. */
const reachOf = ({ value, interval }: MetricResult) => (interval.every(Number.isFinite) ? interval : [value, value]);

const around = (x: number, y: number, reach: number): Box => ({
  left: x - reach,
  right: x + reach,
  top: y - reach,
  bottom: y + reach,
});

const overlap = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
