// Curves over the steps of a run: loss with its terms, learning rate, gradient norm. Long runs are thinned so that every peak stays visible.
import type { MetricsLogLine } from "../../core/metrics-log.ts";
import { html, type Markup } from "../markup.ts";
import { formatNumber } from "../metric-style.ts";
import { linearAxis, roundSpan } from "./axis.ts";
import { type Box, frame } from "./frame.ts";

const box: Box = { left: 58, top: 34, right: 368, bottom: 190 };
const mostPoints = 400;

export interface Curve {
  readonly name: string;
  /** Null where the number was not finite: the line is broken there. */
  readonly values: readonly (number | null)[];
}

/** Three small plots over the same steps. `steps` must not be empty. */
export function trainingCurves(steps: readonly MetricsLogLine[]): Markup {
  const terms = [...new Set(steps.flatMap((line) => Object.keys(line.terms)))];
  const loss: Curve[] = [{ name: "loss", values: steps.map((line) => line.loss) }];
  // A single term is the loss itself.
  if (terms.length > 1)
    loss.push(...terms.map((name) => ({ name, values: steps.map((line) => line.terms[name] ?? null) })));
  const at = steps.map((line) => line.step);
  return html`<div class="curves">
    ${curvePlot("Loss", loss, at)}
    ${curvePlot("Learning rate", [{ name: "learning rate", values: steps.map((line) => line.learningRate) }], at)}
    ${curvePlot("Gradient norm", [{ name: "gradient norm", values: steps.map((line) => line.gradientNorm) }], at)}
  </div>`;
}

/** One small plot of curves over the same places, `along` of what. */
export function curvePlot(title: string, curves: readonly Curve[], steps: readonly number[], along = "step"): Markup {
  const all = curves.flatMap((curve) => curve.values.filter((value) => value !== null));
  const x = linearAxis([steps[0] ?? 0, steps.at(-1) ?? 1], [box.left, box.right], 4);
  const low = all.reduce((a, b) => Math.min(a, b), 0);
  const y = linearAxis(roundSpan([...all, low], 0, [-Number.MAX_VALUE, Number.MAX_VALUE]), [box.bottom, box.top], 4);
  const broken = curves.some((curve) => curve.values.includes(null));
  const ends = curves.map(({ name, values }) => `${name} from ${printed(values[0])} to ${printed(values.at(-1))}`);
  return html`<figure>
    <svg viewBox="0 0 380 240" role="img" aria-label="${`${title} over ${steps.length} ${along}s: ${ends.join(", ")}.`}">
      ${frame(box, x, y, { x: `${along} →`, y: title })}
      ${curves.map((curve, index) => html`<path d="${trace(curve.values, steps, x.at, y.at)}" class="${`curve c${index % 5}`}"/>`)}
    </svg>
    ${
      (curves.length > 1 || broken) &&
      html`<figcaption>
      ${curves.length > 1 && curves.map(({ name }, index) => html`<span class="legend"><svg class="key line" viewBox="0 0 28 10" aria-hidden="true"><path d="M1 5H27" class="${`curve c${index % 5}`}"/></svg> ${name}</span> `)}
      ${broken && "The line is broken where the number was not finite."}
    </figcaption>`
    }
  </figure>`;
}

const printed = (value: number | null | undefined) => (typeof value === "number" ? formatNumber(value) : "not finite");

/** Path data; of every bucket of steps its first, lowest, highest and last value, so that no peak is lost. */
function trace(
  values: readonly (number | null)[],
  steps: readonly number[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const size = Math.max(1, Math.ceil((4 * values.length) / mostPoints));
  const kept: number[] = [];
  for (let from = 0; from < values.length; from += size) {
    const bucket = Array.from({ length: Math.min(size, values.length - from) }, (_, i) => from + i);
    const byValue = bucket.toSorted((a, b) => (values[a] ?? Number.NaN) - (values[b] ?? Number.NaN));
    const gap = bucket.find((index) => values[index] === null);
    kept.push(...new Set([bucket[0], byValue[0], gap, byValue.at(-1), bucket.at(-1)].filter((i) => i !== undefined)));
  }
  let pen = "M";
  return kept
    .toSorted((a, b) => a - b)
    .map((index) => {
      const value = values[index] ?? null;
      const move = pen;
      pen = value === null ? "M" : "L";
      return value === null ? "" : `${move}${x(steps[index] ?? 0)} ${y(value)}`;
    })
    .join("");
}
