// What one pair or triple of numbers allows to be said: forgotten or not against the retrained baseline, kept or not against before. Pure arithmetic; words are elsewhere.
import type { MetricResult } from "../evaluation/result.ts";
import type { MetricStyle } from "./metric-style.ts";

/** Below this many examples no difference is called either way. */
export const fewExamples = 30;
/** How near to the baseline counts as reaching it, as a part of the distance from before to the baseline. */
export const nearBaseline = 0.1;
/** Part of its value before that a retained measure must still have. */
export const enoughKept = 0.9;

type Interval = readonly [low: number, high: number];

export interface ForgetJudgement {
  /**
   * reached: the whole interval of (after − retrained) lies within `nearBaseline`; remembers / over: it lies above / below zero and leaves that band;
   * unclear: too wide to say, or fewer than `fewExamples`; nothing: the model before did not measurably know more than the retrained one.
   */
  readonly outcome: "reached" | "remembers" | "over" | "unclear" | "nothing";
  /** Part of the way from before to retrained: 0 is unchanged, 1 the baseline, more is beyond it; not finite where there was nothing to forget. */
  readonly progress: number;
  /** Examples behind the weakest of the three numbers. */
  readonly n: number;
}

/** Undefined where the metric's direction is unknown. */
export function judgeForgetting(
  before: MetricResult,
  after: MetricResult,
  retrained: MetricResult,
  style: MetricStyle,
): ForgetJudgement | undefined {
  if (style.remembers === "unknown") return undefined;
  const room = difference(before, retrained, style);
  const gap = difference(after, retrained, style);
  const margin = nearBaseline * room.value;
  const n = Math.min(before.n, after.n, retrained.n);
  const progress = 1 - gap.value / room.value;
  const [low, high] = gap.interval;
  const outcome = () => {
    if (n < fewExamples || !Number.isFinite(low + high + room.value)) return "unclear";
    if (room.interval[0] <= 0) return "nothing";
    if (low >= -margin && high <= margin) return "reached";
    if (low > 0) return "remembers";
    return high < 0 ? "over" : "unclear";
  };
  return { outcome: outcome(), progress, n };
}

export interface KeepJudgement {
  /** kept: even the low end of the interval is at least `enoughKept`; lost: even the high end is below it; unclear: in between, or fewer than `fewExamples`. */
  readonly outcome: "kept" | "lost" | "unclear";
  /** after ÷ before (perplexity: before ÷ after). */
  readonly part: number;
  /** 95 % interval of `part`, the value before taken as exact. */
  readonly interval: Interval;
  readonly n: number;
}

/** Undefined where "a part of what it was" has no meaning: unknown direction, inverted shares, nothing there before. */
export function judgeKeeping(before: MetricResult, after: MetricResult, style: MetricStyle): KeepJudgement | undefined {
  const ratio = style.scale === "logarithmic";
  if (style.remembers === "unknown" || (style.remembers === "low" && !ratio) || !(before.value > 0)) return undefined;
  const change = difference(after, before, style);
  const toPart = (value: number) => (ratio ? Math.exp(value) : 1 + value / before.value);
  const interval = [toPart(change.interval[0]), toPart(change.interval[1])] as const;
  const n = Math.min(before.n, after.n);
  const outcome = () => {
    if (n < fewExamples) return "unclear";
    if (interval[0] >= enoughKept) return "kept";
    return interval[1] < enoughKept ? "lost" : "unclear";
  };
  return { outcome: outcome(), part: toPart(change.value), interval, n };
}

/**
 * a − b in units of remembering (higher remembers more; perplexity as its negative logarithm), with a 95 % interval: from the differences per example where both
 * values are the means of the same examples in those units, otherwise from the two intervals by the square-and-add rule (Zou & Donner 2008, "MOVER", which ignores
 * the pairing and is wider).
 */
export function difference(
  a: MetricResult,
  b: MetricResult,
  style: MetricStyle,
): { readonly value: number; readonly interval: Interval } {
  const sign = style.remembers === "low" ? -1 : 1;
  const turn = (x: number) => sign * (style.scale === "logarithmic" ? Math.log(x) : x);
  const value = turn(a.value) - turn(b.value);
  const paired = pairedDifferences(a, b, turn);
  if (paired) {
    const mean = average(paired);
    const variance = paired.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (paired.length - 1);
    const reach = 1.96 * Math.sqrt(variance / paired.length);
    return { value, interval: [value - reach, value + reach] };
  }
  const [x, y] = [ends(a, turn), ends(b, turn)];
  const down = Math.hypot(turn(a.value) - x.low, y.high - turn(b.value));
  const up = Math.hypot(x.high - turn(a.value), turn(b.value) - y.low);
  return { value, interval: [value - down, value + up] };
}

function ends({ interval }: MetricResult, turn: (x: number) => number) {
  const turned = interval.map(turn);
  return { low: Math.min(...turned), high: Math.max(...turned) };
}

/** The differences per example, or undefined where the values are not plain means over the same examples. */
function pairedDifferences(
  a: MetricResult,
  b: MetricResult,
  turn: (x: number) => number,
): readonly number[] | undefined {
  if (a.perExample.length !== b.perExample.length) return undefined;
  const pairs = a.perExample.flatMap((x, i) => {
    const y = b.perExample[i];
    return x === null || y === null || y === undefined ? [] : [{ a: turn(x), b: turn(y) }];
  });
  if (pairs.length < 2 || pairs.length !== a.n || pairs.length !== b.n) return undefined;
  const isMean = (value: number, list: readonly number[]) =>
    Math.abs(average(list) - value) <= 1e-6 * Math.max(1, Math.abs(value));
  const both =
    isMean(
      turn(a.value),
      pairs.map((pair) => pair.a),
    ) &&
    isMean(
      turn(b.value),
      pairs.map((pair) => pair.b),
    );
  return both ? pairs.map((pair) => pair.a - pair.b) : undefined;
}

const average = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
