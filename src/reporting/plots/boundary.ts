// How well kept questions are answered by how near they lie to a forgotten one: a line with intervals for a method, between those of the model before and of the
// retrained one. Knows nothing of how nearness is measured.
import { html, type Markup } from "../markup.ts";
import { formatValue, type MetricStyle } from "../metric-style.ts";
import { linearAxis, measureAxis, roundSpan } from "./axis.ts";
import { type Box, frame, inlineMark, mark } from "./frame.ts";

const box: Box = { left: 58, top: 34, right: 368, bottom: 190 };

/** A value in every bin; undefined where there is none. */
export interface BoundaryLine {
  readonly kind: "before" | "retrained" | "after";
  readonly values: readonly ({ readonly value: number; readonly interval?: readonly [number, number] } | undefined)[];
}

interface BoundaryPlot {
  readonly name: string;
  readonly measure: { readonly title: string; readonly style: Pick<MetricStyle, "scale"> };
  /** Mean nearness of each bin, ascending. */
  readonly nearness: readonly number[];
  readonly lines: readonly BoundaryLine[];
}

/** One method's plot; its intervals alone are drawn. */
export function boundaryPlot({ name, measure, nearness, lines }: BoundaryPlot): Markup {
  const x = linearAxis(roundSpan(nearness, 0.1, [0, 1]), [box.left, box.right], 4);
  const all = lines.flatMap(({ values }) => values.flatMap((each) => each?.value ?? []));
  const y = measureAxis(measure.style, all, [box.bottom, box.top], "whole");
  const told = lines.flatMap(({ kind, values }) => {
    const numbers = values.map((each) => (each ? formatValue(each.value, measure.style) : "none"));
    return `${kind === "after" ? name : kind} ${numbers.join(", ")}`;
  });
  return html`<figure>
    <svg viewBox="0 0 380 240" role="img" aria-label="${`${measure.title} from far to near: ${told.join("; ")}.`}">
      ${frame(box, x, y, { x: "nearer to what is forgotten →", y: name })}
      ${lines.map(({ kind, values }) => {
        const points = values.flatMap((each, i) =>
          each ? [{ ...each, x: x.at(nearness[i] ?? 0), y: y.at(each.value) }] : [],
        );
        return html`<g class="${`end ${kind}`}">
          ${points.length > 1 && html`<polyline points="${points.map((point) => `${point.x},${point.y}`).join(" ")}" class="reach"/>`}
          ${points.map(
            ({ interval, ...point }) =>
              html`${
                kind === "after" &&
                interval &&
                html`<path d="M${point.x} ${y.at(interval[0])}V${y.at(interval[1])}" class="reach"/>`
              }${mark(kind, point.x, point.y, 4)}`,
          )}
        </g>`;
      })}
    </svg>
  </figure>`;
}

/** What the marks stand for. */
export const boundaryLegend = (): Markup =>
  html`<span class="legend">${inlineMark("after")} after</span> <span class="legend">${inlineMark("before")} before</span> <span class="legend">${inlineMark("retrained")} retrained</span>`;
