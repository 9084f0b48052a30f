// Methods at the same forgetting: every run's trajectory, and what it still keeps where it has come as far as a stated value of a measure of forgetting. Two
// methods that stop at different places are compared there. Pure arithmetic; measures nothing.

import type { TrajectoryPoint } from "../evaluation/result.ts";
import type { MatchedResult, ResultCell, ResultRow } from "./result.ts";

/** One evaluated step of a run, on both measures. */
export type MatchedPoint = NonNullable<ResultRow["trajectory"]>[number];

/** Keys of the cells for the i-th value. */
export const matchedKeys = (i: number) => ({ retain: `matched-${i + 1}`, step: `matched-${i + 1}-step` });

/** The steps of a run at which both measures are numbers, in order. */
export function matchedPoints(
  trajectory: readonly TrajectoryPoint[],
  { forget, retain }: { readonly forget: string; readonly retain: string },
): MatchedPoint[] {
  const on = (point: TrajectoryPoint, key: string) => {
    const border = key.indexOf("/");
    return point.sets[key.slice(0, border)]?.[key.slice(border + 1)] ?? Number.NaN;
  };
  return trajectory
    .map((point) => ({ step: point.step, forget: on(point, forget), retain: on(point, retain) }))
    .filter((point) => Number.isFinite(point.forget + point.retain));
}

/**
 * Where a run first comes to `at` on the measure of forgetting, from whichever side it began; between two evaluated steps both measures are taken to move in
 * a straight line. Undefined where it never comes there.
 */
export function firstAt(points: readonly MatchedPoint[], at: number): MatchedPoint | undefined {
  const [first] = points;
  if (!first) return undefined;
  const falls = first.forget >= at;
  const there = points.findIndex(({ forget }) => (falls ? forget <= at : forget >= at));
  const [before, after] = [points[there - 1], points[there]];
  if (!after || !before) return after;
  const part = (at - before.forget) / (after.forget - before.forget);
  const between = (from: number, to: number) => from + part * (to - from);
  return { step: between(before.step, after.step), forget: at, retain: between(before.retain, after.retain) };
}

/** A run's cells: what it keeps at each of the values, and at which step it was there. `n`: examples behind the retained measure. */
export function matchedCells(
  points: readonly MatchedPoint[],
  { at }: Pick<MatchedResult, "at">,
  n: number,
): Readonly<Record<string, ResultCell>> {
  const cells = at.map((value, i): Record<string, ResultCell> => {
    const found = firstAt(points, value);
    const keys = matchedKeys(i);
    const reason = "never came there";
    return {
      [keys.retain]: found ? { value: found.retain, n } : { value: null, n: 0, reason },
      [keys.step]: found ? { value: found.step, n } : { value: null, n: 0, reason },
    };
  });
  return Object.assign({}, ...cells);
}

/** Methods of one objective beside each other, in the order in which they come. */
export function matchedGroups(
  runs: readonly { readonly label: string; readonly objective: string }[],
): MatchedResult["groups"] {
  const groups = new Map<string, Set<string>>();
  for (const { label, objective } of runs) groups.set(objective, (groups.get(objective) ?? new Set()).add(label));
  return [...groups].map(([title, methods]) => ({ title, methods: [...methods] }));
}
