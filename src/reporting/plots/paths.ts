// Several runs' ways through two measures in one small plot: what is still remembered (up) against what is kept (right), a dot per evaluated step.
import { html, type Markup } from "../markup.ts";
import { formatValue, type MetricStyle } from "../metric-style.ts";
import { measureAxis } from "./axis.ts";
import { type Box, frame } from "./frame.ts";

const box: Box = { left: 58, top: 34, right: 368, bottom: 190 };

export interface Way {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly forget: number; readonly retain: number }[];
}

interface Measure {
  readonly title: string;
  readonly style: Pick<MetricStyle, "scale">;
}

interface PathsPlot {
  readonly name: string;
  readonly forget: Measure;
  readonly retain: Measure;
  readonly ways: readonly Way[];
  /** Values of the measure of forgetting that are drawn across. */
  readonly levels: readonly number[];
}

/** At most five ways are told apart. */
export function pathsPlot({ name, forget, retain, ways, levels }: PathsPlot): Markup {
  const all = ways.flatMap(({ points }) => points);
  const x = measureAxis(
    retain.style,
    all.map((point) => point.retain),
    [box.left, box.right],
    "near",
  );
  const y = measureAxis(forget.style, [...all.map((point) => point.forget), ...levels], [box.bottom, box.top], "near");
  const tell = (point: Way["points"][number]) =>
    `${formatValue(point.forget, forget.style)} and ${formatValue(point.retain, retain.style)} at step ${point.step}`;
  const told = ways.map(({ name: way, points }) => `${way}: ${points.map(tell).join(", ")}`);
  return html`<figure>
    <svg viewBox="0 0 380 240" role="img" aria-label="${`${forget.title} and ${retain.title}. ${told.join("; ")}.`}">
      ${frame(box, x, y, { x: "kept →", y: `↑ remembered: ${name}` })}
      ${levels.map((level) => html`<path d="M${box.left} ${y.at(level)}H${box.right}" class="level"/>`)}
      ${ways.map(({ name: way, points }, i) => {
        const places = points.map((point) => ({ point, left: x.at(point.retain), top: y.at(point.forget) }));
        return html`<polyline points="${places.map(({ left, top }) => `${left},${top}`).join(" ")}" class="${`curve c${i % 5}`}"/>
        ${places.map(({ point, left, top }) => html`<circle cx="${left}" cy="${top}" r="3" class="${`stop c${i % 5}`}"><title>${`${way}: ${tell(point)}`}</title></circle>`)}`;
      })}
    </svg>
    <figcaption>${ways.map(({ name: way }, i) => html`<span class="legend"><svg class="key line" viewBox="0 0 28 10" aria-hidden="true"><path d="M1 5H27" class="${`curve c${i % 5}`}"/></svg> ${way}</span> `)}</figcaption>
  </figure>`;
}
