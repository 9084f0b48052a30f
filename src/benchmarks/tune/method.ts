// One method of a search: which knobs it has, what they are set to, and the configuration of a run with other settings. Runs nothing.

import type { z } from "zod";
import { type Config, parseConfig } from "../../core/config.ts";
import { ConfigError } from "../../core/errors.ts";
import { describeNames } from "../../core/nearest.ts";
import type { EvaluationOptions } from "../../evaluation/index.ts";
import { unlearnRun } from "../../reporting/index.ts";
import { stepsOf } from "../../training/options.ts";
import { choose } from "../../unlearning/choose.ts";
import type { Named } from "../../unlearning/config.ts";
import { objectives } from "../../unlearning/index.ts";
import { readSources } from "../../unlearning/session.ts";
import { sources } from "../../unlearning/sources/index.ts";
import type { Knobs, Settings } from "./candidates.ts";
import type { TuneOptions } from "./options.ts";

type UnlearnRun = z.output<typeof unlearnRun>;
export type RunConfig = Config<UnlearnRun>;

export interface TunedMethod {
  /** The objective's name, numbered where it is tuned twice. */
  readonly label: string;
  readonly knobs: Knobs;
  /** What the configuration sets the knobs to. */
  readonly configured: Settings;
  /** Optimiser steps of a whole run. */
  readonly wholeRun: number;
  /** A run with these settings in place of the configured ones, `steps` long, or whole. @throws ConfigError for a setting that is refused. */
  config(
    settings: Settings,
    run: { readonly output: string; readonly evaluation: EvaluationOptions; readonly steps?: number },
  ): Promise<RunConfig>;
}

const learningRate = "training.learningRate";
/** A search turns how a run is made, not on what, and decides itself how long it is. */
const turnable = /^(objective|scope|source|plan|training)\.(?!(steps|epochs|name)$)/;

/**
 * `config` says everything but the objective and the output.
 * @throws ConfigError for an unknown objective and for knobs that cannot be turned.
 */
export async function tunedMethod(
  config: UnlearnRun,
  objective: Named,
  {
    label,
    tune,
    signal,
  }: { readonly label: string; readonly tune: TuneOptions; readonly signal?: AbortSignal | undefined },
): Promise<TunedMethod> {
  const { entry, options } = await choose(objectives, objective);
  const { training } = config;
  // A method that is asked for by name comes as its paper has it; the configured one as configured.
  const recipe = tune.methods ? entry.recipe : {};
  const knobs: Knobs = {
    [learningRate]: tune.learningRates.map((factor) => Number((factor * training.learningRate).toPrecision(6))),
    ...(config.retain === undefined ? withoutRetain(entry.knobs) : entry.knobs),
    ...tune.knobs[entry.name],
  };
  const stuck = Object.keys(knobs).find((key) => !turnable.test(key));
  if (stuck !== undefined) {
    throw new ConfigError(`"${stuck}" is not something a search can turn`, {
      place: { key: `tune.knobs.${entry.name}` },
      hint: `Keys of objective, scope, source, plan and training can be, but for the length of a run; such as ${learningRate}.`,
    });
  }
  const base = { ...config, ...recipe, objective: { name: entry.name, ...options } };
  const wholeRun = await wholeRunOf(base, signal);
  return {
    label,
    knobs,
    configured: Object.fromEntries(
      Object.keys(knobs).flatMap((key) => {
        const value = valueAt(base, key);
        return typeof value === "number" ? [[key, value]] : [];
      }),
    ),
    wholeRun,
    async config(settings, { output, evaluation, steps = wholeRun }) {
      const made = parseConfig(unlearnRun, {
        text: JSON.stringify({
          ...base,
          training: steps === wholeRun ? training : { ...training, steps, warmup: warmupOf(training.warmup, wholeRun) },
          evaluation,
          output,
        }),
        overrides: Object.entries(settings).map(([key, value]) => `${key}=${value}`),
      });
      await choose(objectives, made.value.objective);
      return made;
    },
  };
}

/** Labels that tell methods apart: a name that comes twice is numbered. */
export function methodLabels(methods: readonly Named[]): string[] {
  const names = methods.map((named) => (typeof named === "string" ? named : named.name));
  return names.map((name, i) => {
    const earlier = names.slice(0, i).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name}-${earlier + 1}`;
  });
}

/** @throws ConfigError for knobs of a method that is none of these. */
export function refuseStrayKnobs({ knobs }: TuneOptions, methods: readonly Named[]): void {
  const names = methods.map((named) => (typeof named === "string" ? named : named.name));
  const stray = Object.keys(knobs).find((name) => !names.includes(name));
  if (stray === undefined) return;
  throw new ConfigError(`tune.knobs names "${stray}", which is not tuned`, {
    place: { key: `tune.knobs.${stray}` },
    hint: describeNames(stray, names),
  });
}

/** A warm-up in steps keeps its share of the run. */
const warmupOf = (warmup: number, wholeRun: number) => (warmup < 1 ? warmup : Math.min(warmup / wholeRun, 0.999));

/** Without text that must stay, its weight is nothing to turn. */
const withoutRetain = ({ "objective.retainWeight": _, ...knobs }: Knobs = {}): Knobs => knobs;

async function wholeRunOf({ training, forget, source }: UnlearnRun, signal?: AbortSignal): Promise<number> {
  if (training.steps !== undefined) return training.steps;
  const { entry, options } = await choose(sources, source);
  if (forget === undefined) {
    throw new ConfigError("how long a run is follows from what the model reveals, and a search has to know it before", {
      place: { key: "training.steps" },
      hint: "Set training.steps.",
    });
  }
  const { records } = await readSources(forget, signal);
  const examples = records.length * (entry.recordsOfOne?.(options) ?? 1);
  return stepsOf(training, Math.ceil(examples / training.batchSize));
}

function valueAt(config: object, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>(
      (value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined),
      config,
    );
}
