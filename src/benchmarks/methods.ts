// Which methods a benchmark runs, and the configuration of every run. Runs nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { parseConfig } from "../core/config.ts";
import { ConfigError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import { createRandom } from "../core/random.ts";
import type { EvaluationOptions } from "../evaluation/index.ts";
import { unlearnRun } from "../reporting/index.ts";
import { choose } from "../unlearning/choose.ts";
import { type DataSources, dataSources, type Named } from "../unlearning/config.ts";
import { objectives, plans, sources } from "../unlearning/index.ts";
import { openScope } from "../unlearning/scopes/open-scope.ts";
import { type ModelPaths, referencesIn, withFolders } from "./model-references.ts";
import { type Given, lackOf } from "./needs.ts";
import type { BenchmarkConfig, MethodSettings } from "./options.ts";
import type { BenchmarkSets } from "./sets.ts";
import type { Settings } from "./tune/candidates.ts";

export type UnlearnRunConfig = ReturnType<typeof parseConfig<typeof unlearnRun>>;

export interface BenchmarkMethod {
  readonly label: string;
  /** Name of its objective. */
  readonly objective: string;
  /** Named models that its settings want. */
  readonly models: readonly string[];
  run(to: {
    readonly model: string;
    readonly adapter?: string | undefined;
    readonly seed: number;
    readonly output: string;
    readonly evaluation: EvaluationOptions;
    /** Folders of the named models. */
    readonly paths?: ReadonlyMap<string, ModelPaths>;
    /** In place of what the declaration says. */
    readonly settings?: Settings;
    /** Sets to forget in place of the declared ones. */
    readonly forget?: string | readonly string[] | undefined;
  }): UnlearnRunConfig;
}

export interface ChosenMethods {
  readonly methods: readonly BenchmarkMethod[];
  /** Objectives that "all" had to leave out, with the reason. */
  readonly leftOut: readonly { readonly label: string; readonly reason: string }[];
}

/** @throws ConfigError for unknown methods, for options they do not have, and for named methods whose needs are not met. */
export async function chooseMethods(
  config: BenchmarkConfig,
  sets: BenchmarkSets,
  given: Given,
): Promise<ChosenMethods> {
  const known = [...new Set([...objectives.names(), ...Object.keys(config.methods)])];
  const asked = config.run === "all" ? known : config.run;
  const unknown = asked.find((label) => !known.includes(label));
  if (unknown !== undefined) {
    throw new ConfigError(`unknown method "${unknown}"`, {
      place: { key: "run" },
      hint: describeNames(unknown, known),
    });
  }
  const methods: BenchmarkMethod[] = [];
  const leftOut: { label: string; reason: string }[] = [];
  for (const label of asked) {
    const { method, lacks } = await methodOf(label, config, sets, given);
    if (lacks === undefined) methods.push(method);
    else if (config.run === "all") leftOut.push({ label, reason: lacks });
    else {
      throw new ConfigError(`method "${label}" ${lacks}`, {
        place: { key: "run" },
        hint: "Leave it out, or give the benchmark what it needs.",
      });
    }
  }
  return { methods, leftOut };
}

async function methodOf(
  label: string,
  config: BenchmarkConfig,
  sets: BenchmarkSets,
  given: Given,
): Promise<{ method: BenchmarkMethod; lacks: string | undefined }> {
  const settings = config.methods[label] ?? {};
  const objective = await choose(objectives, namedObjective(label, settings));
  const { entry } = objective;
  const loss = entry.loss(objective.options, createRandom(0));
  const source = settings.source ?? entry.recipe?.source ?? "given";
  const reveals = (await sources.get(nameOf(source))).reveals === true;
  const plan = settings.plan ?? entry.recipe?.plan ?? "once";
  const chosenPlan = await choose(plans, plan);
  const { localise: looksAtText } = await openScope(settings.scope ?? config.unlearn.scope);
  const { refusals, localise, training, scope, partners, checkpointEvery, saveAs } = config.unlearn;
  const { forget: forgotten } = config.unlearn;
  const { forget: declared = forgotten, retain = config.unlearn.retain } = settings;
  const axes = {
    scope: settings.scope ?? scope,
    partners,
    checkpointEvery,
    saveAs,
    objective: { name: entry.name, ...objective.options },
    // What is revealed is held against what was not given.
    source:
      reveals && declared === false
        ? { ...asObject(source), truth: truthOf(asObject(source), forgotten, { sets, label }) }
        : source,
    plan,
  };

  const asksRefusals =
    loss.branches.includes("retainAlternate") || (loss.branches.includes("alternate") && nameOf(source) === "given");
  const planNeedsRetain = chosenPlan.entry.needsRetain(chosenPlan.options);
  const lacks = lackOf(
    { branches: loss.branches, source: nameOf(source), reveals, planNeedsRetain },
    {
      ...given,
      retain: given.ownRetain?.[label] ?? given.retain,
    },
  );
  return {
    lacks,
    method: {
      label,
      objective: entry.name,
      models: referencesIn(axes),
      run: ({ model, adapter, seed, output, evaluation, paths, settings: found = {}, forget = declared }) =>
        parseConfig(unlearnRun, {
          overrides: Object.entries(found).map(([key, value]) => `${key}=${value}`),
          text: JSON.stringify({
            ...(paths ? withFolders(axes, paths, `methods.${label}`) : axes),
            model,
            ...(adapter === undefined ? {} : { adapter }),
            ...(forget === false ? {} : { forget: sets.sourcesOf(forget, "unlearn.forget") }),
            ...(retain === undefined ? {} : { retain: sets.sourcesOf(retain, "unlearn.retain") }),
            ...(looksAtText && localise ? { localise: sets.sidesOf(localise, "unlearn.localise") } : {}),
            ...(asksRefusals && refusals !== undefined ? { refusals: resolve(sets.folder, refusals) } : {}),
            training: { ...training, ...settings.training },
            encoding: config.encoding,
            device: config.device,
            seed,
            evaluation,
            output,
          }),
        }),
    },
  };
}

/** The facts that a source names, by sets or otherwise; those that it is not given where it names none. */
function truthOf(
  source: Exclude<Named, string>,
  forgotten: BenchmarkConfig["unlearn"]["forget"],
  { sets, label }: { readonly sets: BenchmarkSets; readonly label: string },
): DataSources {
  if (source.truth === undefined) return sets.sourcesOf(forgotten, "unlearn.forget");
  const named = parseConfig(z.object({ truth: dataSources }), { text: JSON.stringify({ truth: source.truth }) });
  return sets.named(named.value.truth, `methods.${label}.source.truth`);
}

const asObject = (named: Named) => (typeof named === "string" ? { name: named } : named);
const nameOf = (named: Named) => (typeof named === "string" ? named : named.name);

function namedObjective(label: string, { objective }: MethodSettings): Named {
  return typeof objective === "string" ? objective : { ...objective, name: objective?.name ?? label };
}
