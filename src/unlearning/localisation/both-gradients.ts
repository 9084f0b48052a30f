// The gradients of the text that must go and of the text that must stay, side by side. Knows neither scores nor what is chosen by them.

import { ConfigError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import type { SideTexts } from "../../training/narrowing.ts";
import { openGradientProbe, type TextGradients } from "../../training/text-gradient.ts";
import type { LocaliseContext } from "../scopes/scope.ts";

/** Sums over the examples of each side, by weight. */
export type TwoGradients = Readonly<Record<keyof SideTexts, ReadonlyMap<string, Float32Array>>>;

/** At most `records` examples of each side, drawn without replacement; all of them when they are fewer, or for "all". */
export function drawExamples({ forget, retain }: SideTexts, records: number | "all", random: Random): SideTexts {
  if (retain.length === 0) {
    throw new ConfigError("localisation holds the text to forget against text that must stay, and there is none", {
      place: { key: "retain" },
      hint: "Add `retain:` with the text that must stay.",
    });
  }
  const draw = (examples: readonly Sequence[], side: string) =>
    records === "all" || examples.length <= records
      ? examples
      : random
          .fork(side)
          .shuffle([...examples])
          .slice(0, records);
  return { forget: draw(forget, "forget"), retain: draw(retain, "retain") };
}

/** Hands both gradients with respect to the named weights to `use`; they are gone when it has ended. The model is left as it was. */
export async function withBothGradients<T>(
  { model, report, signal }: LocaliseContext,
  names: readonly string[],
  sides: SideTexts,
  use: (gradients: TwoGradients) => T | Promise<T>,
): Promise<T> {
  const phase = "localise";
  const started = performance.now();
  const total = sides.forget.length + sides.retain.length;
  let done = 0;
  report({ type: "phase-start", phase, total, unit: "examples" });
  using probe = await openGradientProbe(model, names, {
    signal,
    progress: (examples) => {
      done += examples;
      report({ type: "phase-progress", phase, done, total, unit: "examples" });
    },
  });
  const result = await use(await gradientsOfSides(sides, probe.gradientsOf));
  report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
  return result;
}

/** The side to retain comes last and is not copied; the copy of the other is in float32 also where a backend computes in float64. */
export async function gradientsOfSides(sides: SideTexts, gradientsOf: TextGradients): Promise<TwoGradients> {
  const forget = new Map(
    [...(await gradientsOf(sides.forget))].map(([name, data]) => [name, new Float32Array(data)] as const),
  );
  return { forget, retain: await gradientsOf(sides.retain) };
}
