// Axes for plots: a value to a place, and round ticks. Knows nothing of markup.
import { boundsOf, formatNumber, type MetricStyle } from "../metric-style.ts";

export interface Axis {
  /** Place of a value, rounded to a tenth; values outside the domain are clamped to its ends. */
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly place: number; readonly label: string }[];
}

type Span = readonly [from: number, to: number];

/** Ticks at 1, 2 or 5 times a power of ten, about `count` of them. `range` may run downwards, as y axes do. */
export function linearAxis(domain: Span, range: Span, count = 5): Axis {
  const [low, high] = domain[1] > domain[0] ? domain : [domain[0] - 0.5, domain[0] + 0.5];
  const step = roundStep((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const at = placing([low, high], range);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { at, ticks: ticks.map((value) => ({ place: at(value), label: tickLabel(value, step) })) };
}

/** Powers of ten around all positive finite `values`; ticks at every power, or every k-th where there are many. */
export function logarithmicAxis(values: readonly number[], range: Span, count = 5): Axis {
  const powersOf = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const low = Math.floor(powersOf.reduce((a, b) => Math.min(a, b), powersOf[0] ?? 0));
  const high = Math.max(low + 1, Math.ceil(powersOf.reduce((a, b) => Math.max(a, b), low)));
  const place = placing([low, high], range);
  const every = Math.ceil((high - low) / count);
  const powers = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => low + i * every);
  return {
    at: (value) => place(Math.log10(value)),
    ticks: powers.map((power) => ({
      place: place(power),
      label: power >= 0 && power < 5 ? String(10 ** power) : `1e${power}`,
    })),
  };
}

/** The axis of a measure on its own scale: the whole of it, or, "near", only the part that `values` use, at least a fifth. */
export function measureAxis(
  { scale }: Pick<MetricStyle, "scale">,
  values: readonly number[],
  range: Span,
  part: "whole" | "near",
): Axis {
  if (scale === "logarithmic") return logarithmicAxis(values, range);
  const bounds = boundsOf({ scale });
  if (!bounds) return linearAxis(roundSpan(values, 0, [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]), range);
  return linearAxis(part === "whole" ? bounds : roundSpan(values, 0.2 * bounds[1], bounds), range);
}

/** The smallest span with round ends that holds all finite values and is at least `least` wide, kept within `bounds`. */
export function roundSpan(values: readonly number[], least: number, bounds: Span): Span {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [Math.max(0, bounds[0]), Math.min(1, bounds[1])];
  const [low, high] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
  const grow = Math.max(0, least - (high - low)) / 2;
  const step = roundStep((high - low + 2 * grow || 1) / 5);
  const down = Math.floor((low - grow) / step + 1e-9) * step;
  const up = Math.ceil((high + grow) / step - 1e-9) * step;
  return [Math.max(bounds[0], down), Math.min(bounds[1], up)];
}

function placing([low, high]: Span, [from, to]: Span) {
  return (value: number) => {
    const part = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return Math.round((from + part * (to - from)) * 10) / 10;
  };
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
}

function tickLabel(value: number, step: number): string {
  if (Math.abs(value) < step / 1e6) return "0";
  if (Math.abs(value) >= 1e5 || step < 1e-3) return formatNumber(value);
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}
