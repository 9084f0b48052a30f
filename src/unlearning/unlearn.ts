// `lethe unlearn`: one point of objective × scope × source × plan, run in a folder.

import { readFile } from "node:fs/promises";
import { ConfigError } from "../core/errors.ts";
import { explainFileFailure } from "../core/files.ts";
import { createRandom, type Random } from "../core/random.ts";
import type { Sequence } from "../data/batching.ts";
import { refuseOverlap } from "../data/overlap.ts";
import { type DataRecord, describeRecord } from "../data/record.ts";
import { type BranchExamples, createBatchSupply } from "../training/batches.ts";
import { type BranchName, type Loss, traceLoss } from "../training/loss.ts";
import { stepsOf } from "../training/options.ts";
import { computeReference, type Reference, type ReferenceRequest } from "../training/reference.ts";
import { runTraining } from "../training/run.ts";
import { claimRunFolder } from "../training/run-claim.ts";
import { openRunFolder } from "../training/run-folder.ts";
import { choose } from "./choose.ts";
import type { UnlearnConfig } from "./config.ts";
import type { RunContext } from "./context.ts";
import { type Objective, objectives } from "./objectives/index.ts";
import { plans } from "./plans/index.ts";
import { scopes } from "./scopes/index.ts";
import { encodeAll, openSession, readSources, type Session } from "./session.ts";
import { sources } from "./sources/index.ts";

/**
 * Runs the configuration; the result is the run folder `config.output`. `yaml` is the resolved configuration as it is kept there.
 * @throws LetheError for users' mistakes, before anything is written; the signal's reason when aborted.
 */
export async function unlearn(config: UnlearnConfig, yaml: string, context: RunContext): Promise<void> {
  const { report, signal } = context;
  const random = createRandom(config.seed);
  const objective = await choose(objectives, config.objective);
  const scope = await choose(scopes, config.scope);
  const source = await choose(sources, config.source);
  const plan = await choose(plans, config.plan);
  const loss = objective.entry.loss(objective.options);

  using claim = await claimRunFolder({ path: config.output, yaml, resume: context.resume });
  const forget = await source.entry.records({ forget: config.forget, signal }, source.options);
  const retain = config.retain ? await readSources(config.retain, signal) : { records: [], files: [] };
  refuseOverlap(forget.records, retain.records);
  if (loss.branches.includes("retain") && retain.records.length === 0) throw missingRetain(objective);
  const alternates = loss.branches.includes("alternate")
    ? await alternateRecords(loss.name, forget.records, config.refusals, random.fork("refusals"))
    : { records: [], files: [] };
  using session = await openSession(config.model, {
    adapter: config.adapter,
    device: config.device,
    encoding: config.encoding,
    report,
    signal,
  });
  const records = { forget: forget.records, alternate: alternates.records, retain: retain.records };
  const examples: BranchExamples = Object.fromEntries(
    loss.branches.map((name) => [name, encodeAll(session, records[name], `"${name}"`)]),
  );
  const batches = createBatchSupply(examples, {
    batchSize: config.training.batchSize,
    partners: config.partners,
    random: random.fork("batches"),
  });
  const totalSteps = stepsOf(config.training, batches.batchesPerEpoch);
  const trainable = scope.entry.select(session.model, scope.options, random.fork("scope"));
  const evaluator = await context.evaluator?.(session, totalSteps);
  // From the weights as loaded, also when the run goes on: a checkpoint is only laid over them when training begins.
  using reference = await referenceFor(session, loss, examples, context);

  using folder = await openRunFolder(claim, {
    command: context.command,
    seed: config.seed,
    dataFiles: [...forget.files, ...retain.files, ...alternates.files, ...(evaluator?.files ?? [])],
    device: session.backend.details.device,
    onnxruntime: session.backend.details.version,
    choices: session.choices,
  });
  const train = () =>
    runTraining({
      folder,
      model: session.model,
      trainable,
      loss,
      batches,
      totalSteps,
      reference,
      training: config.training,
      checkpointEvery: config.checkpointEvery,
      evaluate: evaluator && ((step) => evaluator.at(step, folder)),
      evaluateEvery: evaluator?.every ?? 0,
      save: {
        config: session.config,
        tokenizer: session.tokenizerFolder,
        dtype: config.saveAs,
        adapterBase: session.adapterBase,
      },
      report,
      signal,
    });
  await plan.entry.run(train, plan.options);
}

function missingRetain({ entry, options }: { entry: Objective; options: object }): ConfigError {
  const alternative = "retainWeight" in options ? ", or set the objective's retainWeight to 0" : "";
  return new ConfigError(`objective "${entry.name}" needs retain data`, {
    place: { key: "retain" },
    hint: `Add \`retain:\` with the text that must stay${alternative}.`,
  });
}

/** The forget records with another answer: their own alternate, or a refusal drawn from the file. */
async function alternateRecords(
  objective: string,
  forget: readonly DataRecord[],
  file: string | undefined,
  random: Random,
): Promise<{ readonly records: readonly DataRecord[]; readonly files: readonly string[] }> {
  const lines = file ? await refusalLines(file) : [];
  const records = forget.map((record) => {
    const given = record.kind === "question-answer" ? record.alternate : undefined;
    const answer = given ?? (lines.length > 0 ? random.pick(lines) : undefined);
    if (record.kind === "question-answer" && answer !== undefined) return { ...record, answer };
    const problem = record.kind === "question-answer" ? "has none" : "is not a question with an answer";
    throw new ConfigError(
      `objective "${objective}" needs an alternate answer for each forget record; ${describeRecord(record)} ${problem}`,
      {
        place: { key: "refusals" },
        hint: "Give question/answer records an `alternate` field, or name a file of refusals, one per line (refusals=file.txt).",
      },
    );
  });
  return { records, files: file ? [file] : [] };
}

/** @throws ConfigError when the file holds no line. */
async function refusalLines(file: string): Promise<string[]> {
  try {
    const lines = (await readFile(file, "utf8")).split(/\r?\n/).map((line) => line.trim());
    const full = lines.filter((line) => line !== "");
    if (full.length === 0) {
      throw new ConfigError(`the file of refusals ${file} is empty`, {
        place: { file, key: "refusals" },
        hint: "Write one refusal per line.",
      });
    }
    return full;
  } catch (error) {
    throw explainFileFailure(error, file, "read");
  }
}

/** Runs the frozen model once over what the loss will ask of it; undefined when that is nothing. */
async function referenceFor(
  session: Session,
  loss: Loss,
  examples: BranchExamples,
  { report, signal }: RunContext,
): Promise<Reference | undefined> {
  const probe = traceLoss(loss, Object.fromEntries(loss.branches.map((name) => [name, { counts: [1] }])));
  const requests: Partial<Record<BranchName, ReferenceRequest>> = {};
  for (const name of loss.branches) {
    const nll = probe.referenceNll.includes(name);
    const hidden = probe.referenceLogits.includes(name);
    if (nll || hidden) requests[name] = { examples: examples[name] as readonly Sequence[], nll, hidden };
  }
  if (Object.keys(requests).length === 0) return undefined;
  const started = performance.now();
  report({ type: "phase-start", phase: "reference" });
  const reference = await computeReference(session.model, requests, {
    signal,
    progress: (done, total) => report({ type: "phase-progress", phase: "reference", done, total, unit: "examples" }),
  });
  report({ type: "phase-end", phase: "reference", seconds: (performance.now() - started) / 1000 });
  return reference;
}
