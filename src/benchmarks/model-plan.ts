// Which models a benchmark teaches for one seed of its start models, in what order, into which folders. Decided from the declaration; teaches nothing.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Config, parseConfig } from "../core/config.ts";
import { ConfigError, LetheError } from "../core/errors.ts";
import { trainRun } from "../reporting/index.ts";
import type { Named, TrainConfig } from "../unlearning/config.ts";
import { laidOver } from "./laid-over.ts";
import { type ModelPaths, noModel, referencesIn, withFolders } from "./model-references.ts";
import type { BenchmarkConfig } from "./options.ts";
import type { BenchmarkSets } from "./sets.ts";

export interface ModelPlan {
  /** What `model:<name>` and `adapter:<name>` stand for. */
  readonly paths: ReadonlyMap<string, ModelPaths>;
  /** Models that must be there already. */
  readonly found: readonly string[];
  /** Each after those that it begins with. */
  readonly taught: readonly TaughtModel[];
  /** Where this seed's models and their evaluations are kept. */
  readonly folder: string;
}

interface TaughtModel {
  readonly name: string;
  /** Models that it begins with, or reads text as. */
  readonly after: readonly string[];
  readonly config: Config<TrainConfig>;
}

type Declared = Pick<
  BenchmarkConfig,
  | "models"
  | "target"
  | "retrained"
  | "teach"
  | "encoding"
  | "device"
  | "output"
  | "startSeeds"
  | "unlearn"
  | "evaluation"
>;

/**
 * The models that the target, its twin, the evaluation and `used` need.
 * @throws ConfigError for a name that no model has, models that begin with each other, and whatever is wrong with how one is taught.
 */
export function planModels(
  declared: Declared,
  sets: BenchmarkSets,
  { start, used = [] }: { readonly start: number; readonly used?: readonly string[] },
): ModelPlan {
  const config = ofStart(declared, start);
  const { target, retrained, startSeeds, output } = config;
  const taken = ["target", "retrained"].find((name) => name in config.models);
  if (taken !== undefined) {
    throw new ConfigError(`"${taken}" stands for the benchmark's own model`, {
      place: { key: `models.${taken}` },
      hint: "Choose another name for a further model.",
    });
  }
  if (startSeeds > 1) refuseOneForAll(declared);
  const folder = startSeeds > 1 ? join(output, `start${start}`) : output;
  const models = { ...config.models, target, ...(retrained === undefined ? {} : { retrained }) };
  const known = new Map(Object.entries(models));
  const paths = new Map<string, ModelPaths>();
  for (const [name, model] of known) {
    const run = name in config.models ? join(folder, "models", name) : join(folder, name);
    const path = typeof model === "string" ? modelIn(model) : join(run, "model");
    paths.set(name, { model: path, adapter: join(typeof model === "string" ? model : run, "adapter") });
  }

  const found: string[] = [];
  const taught: TaughtModel[] = [];
  const settled = new Map<string, "begun" | "done">();
  const need = (name: string, key: string): void => {
    if (settled.get(name) === "done") return;
    if (settled.get(name) === "begun") {
      throw new ConfigError(`model "${name}" begins with itself`, {
        place: { key },
        hint: "Name another model there.",
      });
    }
    const model = known.get(name);
    if (model === undefined) throw noModel(name, known.keys(), key);
    settled.set(name, "begun");
    const place = name in config.models ? `models.${name}` : name;
    if (typeof model === "string") found.push(modelIn(model));
    else {
      const run = teachingOf(name, model, config, place);
      const after = referencesIn(run);
      for (const other of after) need(other, place);
      const { model: path } = paths.get(name) as ModelPaths;
      const seed = ((run.seed as number | undefined) ?? 0) + start;
      const described = { ...withFolders(run, paths, place), seed, output: join(path, "..") };
      taught.push({
        name,
        after,
        config: readTeaching({ ...described, data: sets.sourcesOf(model.data, `${place}.data`) }, place),
      });
    }
    settled.set(name, "done");
  };
  for (const name of ["target", ...(retrained === undefined ? [] : ["retrained"])]) need(name, name);
  const { model: begun, adapter } = config.unlearn;
  for (const name of referencesIn([begun, adapter])) need(name, "unlearn");
  if (referencesIn(begun).length === 0) found.push(begun);
  refuseWithoutAdapter(adapter, { paths, taught });
  for (const name of referencesIn(config.evaluation)) need(name, "evaluation");
  for (const name of used) need(name, "methods");
  return { paths, found, taught, folder };
}

/** @throws ConfigError for a finished model in place of several: runs from one model are no trials of several, and one twin is not everyone's. */
function refuseOneForAll(declared: Declared): void {
  for (const key of ["target", "retrained"] as const) {
    const model = declared[key];
    if (typeof model !== "string" || model.includes("{start}")) continue;
    throw new ConfigError(`startSeeds asks for ${declared.startSeeds} start models, and ${key} names one`, {
      place: { key },
      hint: "Write {start} where their paths have a number (0, 1, …), or set startSeeds=1, and `seeds` for several runs from one model.",
    });
  }
}

/** @throws ConfigError where runs are to begin with the low-rank matrices of a model that has none. */
function refuseWithoutAdapter(
  adapter: string | undefined,
  { paths, taught }: Pick<ModelPlan, "paths" | "taught">,
): void {
  const [name] = adapter?.startsWith("adapter:") ? referencesIn(adapter) : [];
  if (name === undefined) return;
  const place = { key: "unlearn.adapter" };
  const teaching = taught.find((each) => each.name === name)?.config.value;
  if (teaching && asNamed(teaching.scope).name !== "lora") {
    throw new ConfigError(`model "${name}" is taught whole and leaves no adapter`, {
      place,
      hint: "Teach it with `scope: lora`, or leave `unlearn.adapter` out.",
    });
  }
  const folder = paths.get(name)?.adapter ?? "";
  if (!teaching && !existsSync(folder)) {
    throw new ConfigError(`model "${name}" has no adapter: there is no ${folder}`, {
      place,
      hint: "Name the run folder that its low-rank matrices were taught in, or leave `unlearn.adapter` out.",
    });
  }
}

const asNamed = (named: Named) => (typeof named === "string" ? { name: named } : named);

/** The declaration with the start's number in the paths of finished models. */
function ofStart({ target, retrained, models, ...rest }: Declared, start: number): Declared {
  const of = <Model extends BenchmarkConfig["target"]>(model: Model) =>
    typeof model === "string" ? model.replaceAll("{start}", String(start)) : model;
  const named = Object.entries(models).map(([name, model]) => [name, of(model)] as const);
  return {
    ...rest,
    target: of(target),
    ...(retrained === undefined ? {} : { retrained: of(retrained) }),
    models: Object.fromEntries(named),
  };
}

/** A model's teaching as declared, references still in it. */
function teachingOf(
  name: string,
  { teach: own = {} }: Exclude<BenchmarkConfig["target"], string>,
  { target, teach: common, encoding, device }: Declared,
  place: string,
): Readonly<Record<string, unknown>> {
  const teach = laidOver(common ?? {}, own);
  if (teach.model === undefined) {
    throw new ConfigError(`${place} is to be taught, and nothing says how`, {
      place: { key: "teach" },
      hint: `Add \`teach:\` with a model and how to train it, or name a finished model (${place}=folder).`,
    });
  }
  // The twin reads text as the target does, else nothing measured per token compares.
  const asTarget = name === "retrained" && typeof teach.model === "object";
  const model = asTarget ? { ...teach.model, tokenizer: tokenizerOf(target) } : teach.model;
  return { device, ...teach, encoding: laidOver(encoding, { ...(teach.encoding as object | undefined) }), model };
}

const tokenizerOf = (target: BenchmarkConfig["target"]) =>
  typeof target === "string" ? modelIn(target) : "model:target";

function readTeaching(run: object, place: string): Config<TrainConfig> {
  try {
    return parseConfig(trainRun, { text: JSON.stringify(run) });
  } catch (error) {
    if (!LetheError.isInstance(error)) throw error;
    const key = error.place?.key;
    throw new ConfigError(`${place}: ${error.message}`, {
      place: { key: `${place}.teach${key === undefined ? "" : `.${key}`}` },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

/** A run folder stands for the model it left. */
function modelIn(path: string): string {
  const inside = join(path, "model");
  return !existsSync(join(path, "config.json")) && existsSync(join(inside, "config.json")) ? inside : path;
}
