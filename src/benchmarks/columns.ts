// Which columns a benchmark's table shows, and in what order. Knows no values.

import { ConfigError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import { findMeasure, findMetric } from "../evaluation/index.ts";
import type { Named } from "../unlearning/config.ts";
import type { BenchmarkConfig } from "./options.ts";
import type { ResultColumn } from "./result.ts";
import { isAboutRevealed, revealedKeys } from "./revealed-columns.ts";

/** @throws ConfigError for a column, a boundary or a matched value, that no measure and no metric of the evaluation fills, and for unknown measures. */
export function checkColumns({
  columns = [],
  evaluation,
  boundary,
  matched,
}: Pick<BenchmarkConfig, "columns" | "evaluation" | "boundary" | "matched">): void {
  const keyOf = (named: Named, find: (name: string) => { key(options?: unknown): string }) => {
    const { name, ...options } = typeof named === "string" ? { name: named } : named;
    return find(name).key(options);
  };
  const summary = evaluation.summary.map((named) => keyOf(named, findMeasure));
  const metrics = Object.entries(evaluation.sets).flatMap(([set, { metrics: asked = evaluation.metrics }]) =>
    asked.map((named) => ({
      key: `${set}/${keyOf(named, findMetric)}`,
      needs: findMetric(typeof named === "string" ? named : named.name).needs,
    })),
  );
  const measured = metrics.map(({ key }) => key);
  const refuseUnknown = (names: readonly string[], known: readonly string[], key: string) => {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw new ConfigError(`nothing is measured that is called "${unknown}"`, {
      place: { key },
      hint: describeNames(unknown, known),
    });
  };
  refuseUnknown(
    columns.filter((key) => !isAboutRevealed(key)),
    [...summary, ...measured, ...revealedKeys],
    "columns",
  );
  if (boundary) refuseUnknown([`${boundary.kept}/${boundary.metric}`], measured, "boundary");
  if (!matched) return;
  const often = metrics.filter(({ needs }) => needs === "teacher-forced").map(({ key }) => key);
  refuseUnknown([matched.forget, matched.retain], often, "matched");
  if (evaluation.every > 0) return;
  throw new ConfigError("runs are not measured on their way, so nothing can be matched", {
    place: { key: "evaluation.every" },
    hint: "Name how many steps apart: evaluation.every=20.",
  });
}

/** Those asked for, whatever the mode of measuring; all where none are. One that nothing could fill stays, so that the table says why. */
export function chosenColumns(asked: readonly string[] | undefined, all: readonly ResultColumn[]): ResultColumn[] {
  if (!asked) return [...all];
  return asked.map((key) => {
    const found = all.find(({ measure }) => measure === key || measure === `${key}/peer`);
    return found ?? { measure: key, title: key.replace("/", ", "), side: "other", better: "none", scale: "free" };
  });
}
