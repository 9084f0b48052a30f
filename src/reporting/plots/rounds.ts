// A plan's rounds: what is still said of each round's text (up) against what is kept (right), one numbered point per round. Knows no model.
import type { IterateFound } from "../../unlearning/plans/iterate-found.ts";
import { html, type Markup } from "../markup.ts";
import { capitalise, formatValue, metricStyle } from "../metric-style.ts";
import { measureAxis } from "./axis.ts";
import { type Box, frame, inlineMark, mark } from "./frame.ts";
import { along, around, placeLabels } from "./labels.ts";

const box: Box = { left: 46, top: 38, right: 436, bottom: 300 };

/** SVG with a caption; every point has a title to hover over. */
export function roundsPlot({ measure, before, rounds }: IterateFound): Markup {
  const [forget, retain] = [metricStyle("token-accuracy"), metricStyle(measure)];
  const points = rounds.map((each) => ({ ...each, kept: each.repaired ?? each.retain, said: each.forget.after }));
  const start = { kept: before, said: rounds[0]?.forget.before ?? 1 };
  const all = [start, ...points];
  // A budget allows a few percent: powers of ten would show nothing of them.
  const scale = retain.scale === "logarithmic" ? "free" : retain.scale;
  const x = measureAxis(
    { scale },
    all.map((each) => each.kept),
    [box.left, box.right],
    "near",
  );
  const y = measureAxis(
    forget,
    all.map((each) => each.said),
    [box.bottom, box.top],
    "whole",
  );
  const [first, ...places] = all.map((each) => ({ x: x.at(each.kept), y: y.at(each.said) }));
  const obstacles = [first, ...places].flatMap((place, i) =>
    place ? [around(place, 5), ...along(place, places[i] ?? place)] : [],
  );
  const describe = (each: (typeof points)[number]) =>
    `round ${each.round}: ${formatValue(each.said, forget)} of its text still said, ${retain.title} ${formatValue(each.kept, retain)}`;
  return html`<figure class="trade-off">
    <svg viewBox="0 0 460 350" role="img" aria-label="${points.map(describe).join("; ")}">
      ${frame(box, x, y, { x: `→ ${retain.title} on the retain text`, y: "↑ still said of the round's text" })}
      <polyline points="${[first, ...places].map((place) => `${place?.x},${place?.y}`).join(" ")}" class="path"/>
      ${first && mark("before", first.x, first.y, 7)}
      ${points.map((each, i) => html`<circle cx="${places[i]?.x ?? 0}" cy="${places[i]?.y ?? 0}" r="3.5" class="step"><title>${describe(each)}</title></circle>`)}
      <g aria-hidden="true">${placeLabels(
        box,
        obstacles,
        places.map((place, i) => ({ ...place, text: String(points[i]?.round), kind: "number" as const })),
      )}</g>
    </svg>
    <figcaption>${capitalise(forget.title)} on the text that each round was trained on, after its step (up), against ${retain.title} on the retain text (right).
      <span class="legend">${inlineMark("before")} before</span> The text of two rounds may differ.</figcaption>
  </figure>`;
}
