// The search for one method's settings: draw, run the rungs, keep the best of each, compare with the configured settings at full length.
// Every run is a run folder, so that a search that was killed goes on by reading what is finished.

import { join } from "node:path";
import { ConfigError } from "../../core/errors.ts";
import type { Reporter } from "../../core/events.ts";
import { createRandom } from "../../core/random.ts";
import type { EvaluationOptions } from "../../evaluation/index.ts";
import { containedRun, type RunWatch } from "../contained-run.ts";
import { drawCandidates, type Knobs, type Settings } from "./candidates.ts";
import type { TunedMethod } from "./method.ts";
import { settingsText } from "./notes.ts";
import type { TuneOptions } from "./options.ts";
import { planRungs } from "./rungs.ts";
import { type Baselines, type Score, type scoredMeasures, scoreOf } from "./score.ts";

export interface Trial {
  /** Number in the order drawn; 0 is the configured setting. */
  readonly candidate: number;
  readonly settings: Settings;
  /** Null for a run that diverged. */
  readonly score: Score | null;
  readonly failure?: string;
  /** Optimiser steps made. */
  readonly steps: number;
  readonly seconds: number;
  /** Its run folder, within the search's. */
  readonly folder: string;
}

export interface Search {
  readonly method: string;
  readonly knobs: Knobs;
  /** What the configuration sets the knobs to. */
  readonly configured: Settings;
  /** Combinations there are, the configured one aside. */
  readonly combinations: number;
  readonly wholeRun: number;
  readonly budget: number;
  /** Steps of all trials. */
  readonly spent: number;
  readonly rungs: readonly { readonly steps: number; readonly trials: readonly Trial[] }[];
}

export interface FinishedSearch extends Search {
  /** The best trial of the last rung; the configured one where nothing beat it. */
  readonly best: Trial;
}

export interface SearchContext extends RunWatch {
  /** The search's folder. */
  readonly folder: string;
  readonly validation: EvaluationOptions;
  readonly baselines: Baselines;
  readonly measures: ReturnType<typeof scoredMeasures>["used"];
  /** Decides the order in which settings are drawn. */
  readonly seed: number;
  /** Called after every trial. */
  readonly found: (search: Search) => Promise<void>;
}

/**
 * What a search would try, in order, and for how long. The configured setting takes no part in the shorter rungs and always runs the last, which the
 * rungs leave the budget for.
 * @throws ConfigError when there is nothing to turn or the budget pays for nothing.
 */
export function planSearch(method: TunedMethod, tune: TuneOptions, seed: number) {
  const { label, knobs, configured, wholeRun } = method;
  const { budget, factor, rungs: mostRungs, shortest } = tune;
  const candidates = drawCandidates(knobs, configured, createRandom(seed).fork(`tune/${label}`));
  const options = { wholeRun, candidates: candidates.length, factor, mostRungs, shortest };
  const rungs = planRungs({ ...options, budget: budget - wholeRun });
  if (rungs.length === 0) throw nothingToRun(method, candidates, budget);
  return { candidates, rungs };
}

/**
 * Successive halving over the method's settings. The best is never worse on the validation records than the configured setting, which it is compared
 * with at full length.
 * @throws what `planSearch` throws; ConfigError for a setting that is refused, before anything is run; whatever a run throws.
 */
export async function searchSettings(
  method: TunedMethod,
  tune: TuneOptions,
  context: SearchContext,
): Promise<FinishedSearch> {
  const { label, knobs, configured, wholeRun } = method;
  const { budget } = tune;
  const { candidates, rungs: plan } = planSearch(method, tune, context.seed);

  const rungs: { steps: number; trials: Trial[] }[] = [];
  const state = (): Search => {
    const spent = rungs.flatMap(({ trials }) => trials).reduce((sum, { steps }) => sum + steps, 0);
    return { method: label, knobs, configured, combinations: candidates.length, wholeRun, budget, spent, rungs };
  };
  const entrants = candidates.slice(0, plan[0]?.trials).map((settings, i) => ({ candidate: i + 1, settings }));
  const place = { output: context.folder, evaluation: context.validation };
  for (const { settings } of entrants) await method.config(settings, place);

  let going: readonly { readonly candidate: number; readonly settings: Settings }[] = entrants;
  for (const [i, { steps, trials }] of plan.entries()) {
    const isLast = i === plan.length - 1;
    const entering = [...(isLast ? [{ candidate: 0, settings: {} }] : []), ...going.slice(0, trials)];
    context.report({
      type: "note",
      text: `${label}, rung ${i + 1} of ${plan.length}: ${entering.length} ${entering.length === 1 ? "run" : "runs"} of ${steps} steps`,
    });
    const rung = { steps, trials: [] as Trial[] };
    rungs.push(rung);
    for (const { candidate, settings } of entering) {
      const folder = join("trials", label, `${steps}-steps`, String(candidate).padStart(3, "0"));
      const output = join(context.folder, folder);
      const config = await method.config(settings, { output, evaluation: context.validation, steps });
      const {
        after,
        failure,
        steps: made,
        seconds,
      } = await containedRun(config, { ...context, report: quiet(context.report) }, { keepModel: false });
      const score = after ? scoreOf(after, context.baselines, context.measures) : null;
      context.report({ type: "note", text: trialText(settings, score, failure) });
      rung.trials.push({
        candidate,
        settings,
        score,
        ...(failure === undefined ? {} : { failure }),
        steps: made,
        seconds,
        folder,
      });
      await context.found(state());
    }
    going = ranked(rung.trials);
  }
  const search = { ...state(), best: going[0] as Trial };
  await context.found(search);
  return search;
}

/** Of each of many runs only what moves and what warns. */
const quiet =
  (report: Reporter): Reporter =>
  (event) => {
    if (event.type === "step-end" || event.type === "phase-progress" || event.type === "warning") report(event);
  };

const trialText = (settings: Settings, score: Score | null, failure: string | undefined) =>
  `${settingsText({ settings }) || "as configured"}: ${score ? `score ${score.value.toFixed(3)}` : failure}`;

/** Best first; equal ones in the order they were run, which has the configured setting first. */
const ranked = (trials: readonly Trial[]): Trial[] =>
  trials.toSorted((a, b) => (b.score?.value ?? -1) - (a.score?.value ?? -1));

function nothingToRun({ label, wholeRun }: TunedMethod, candidates: readonly Settings[], budget: number): ConfigError {
  if (candidates.length === 0) {
    return new ConfigError(`there is nothing to search for ${label}: every knob has one value`, {
      place: { key: "tune.knobs" },
      hint: "Give tune.learningRates or a knob several values.",
    });
  }
  return new ConfigError(
    `a budget of ${budget} steps does not pay for a search of ${label}: a whole run takes ${wholeRun}, and the configured setting and another one need one each`,
    { place: { key: "tune.budget" }, hint: `Give at least ${2 * wholeRun}; ${4 * wholeRun} try up to nine settings.` },
  );
}
