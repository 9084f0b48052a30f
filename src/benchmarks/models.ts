// A benchmark's models: those that are planned are found or taught; the one that has to forget and its twin that never saw what has to go are measured once.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../core/files.ts";
import { readJsonObject } from "../core/json-file.ts";
import { sideBySide } from "../core/side-by-side.ts";
import { type EvaluateOptions, evaluate } from "../evaluation/evaluate.ts";
import { evaluationFile } from "../evaluation/evaluation-schema.ts";
import { type EvaluationOptions, prepareBenchmark } from "../evaluation/index.ts";
import type { Evaluation } from "../evaluation/result.ts";
import { checkModel, openSession } from "../unlearning/index.ts";
import type { RunWatch } from "./contained-run.ts";
import type { ModelPlan } from "./model-plan.ts";
import type { BenchmarkConfig } from "./options.ts";
import { inThisProcess, named } from "./runner.ts";

export interface BenchmarkModels {
  /** What runs begin with. */
  readonly target: string;
  readonly retrained: string | undefined;
}

/** Before anything is made: are the models there that are to be found? @throws LetheError for one that is not. */
export async function checkModels({ found }: Pick<ModelPlan, "found">, watch: RunWatch): Promise<void> {
  for (const model of found) await checkModel(model, watch);
}

/** Teaches what is not taught yet, `jobs` models at a time. @throws LetheError for a model that cannot be taught; the signal's reason when aborted. */
export async function teachModels(
  { taught }: Pick<ModelPlan, "taught">,
  { report, runner = inThisProcess, ...watch }: RunWatch,
  jobs = 1,
): Promise<void> {
  const begun = new Map<string, Promise<unknown>>();
  await sideBySide(taught, { atMost: jobs, signal: watch.signal }, ({ name, after, config }, signal) => {
    const teach = async () => {
      for (const other of after) await begun.get(other);
      report({ type: "note", text: `${name}: taught in ${config.value.output}` });
      const options = { ...watch, report: jobs > 1 ? named(name, report) : report, signal, resume: true };
      await runner.train(config, options);
    };
    const done = teach();
    begun.set(name, done);
    return done;
  });
}

export interface MeasuredModels {
  readonly before: Evaluation;
  readonly retrained: Evaluation | undefined;
  /** The evaluation for the methods' runs: what they are compared with is measured, stored and named. */
  readonly options: EvaluationOptions;
}

const ofItself = { missing: "this is the model that the others are compared with" };

/** Measures both once, the target with `adapter` merged into it, and keeps the results in `folder`, from where a benchmark that goes on reads them. */
export async function measureModels(
  { target, adapter, retrained }: BenchmarkModels & { readonly adapter?: string | undefined },
  evaluation: EvaluationOptions,
  folder: string,
  config: Pick<BenchmarkConfig, "device" | "encoding">,
  { report, signal }: RunWatch,
): Promise<MeasuredModels> {
  const fileOf = (column: string) => join(folder, `${column}.json`);
  const measure = async (
    column: string,
    model: { readonly path: string; readonly adapter?: string | undefined },
    options: EvaluationOptions,
    comparands: NonNullable<EvaluateOptions["comparands"]> = {},
  ): Promise<Evaluation> => {
    const file = fileOf(column);
    if (existsSync(file)) return evaluationFile.parse(readJsonObject(file));
    const { device, encoding } = config;
    using session = await openSession(model.path, { adapter: model.adapter, device, encoding, report, signal });
    const prepared = await prepareBenchmark(session, options, signal);
    const made = await evaluate(session, prepared, { column, seed: 0, report, signal, comparands });
    await writeFileAtomic(file, `${JSON.stringify(made, null, 1)}\n`);
    return made;
  };
  const alone = { ...evaluation, every: 0, retrained: undefined };
  const goal =
    retrained === undefined
      ? undefined
      : await measure("retrained", { path: retrained }, { ...alone, reference: undefined }, { retrained: ofItself });
  const reference = goal ? fileOf("retrained") : evaluation.reference;
  const before = await measure("before", { path: target, adapter }, { ...alone, reference }, { before: ofItself });
  const options = { ...evaluation, before: fileOf("before"), retrained: undefined, reference };
  return { before, retrained: goal, options };
}
