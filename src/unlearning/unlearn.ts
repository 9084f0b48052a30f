// `lethe unlearn`: one point of objective × scope × source × plan, run in a folder.

import { join } from "node:path";
import { ConfigError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { refuseOverlap } from "../data/overlap.ts";
import type { DataRecord } from "../data/record.ts";
import { hashWeights } from "../models/weights-hash.ts";
import { type BranchExamples, drawsPairs } from "../training/batches.ts";
import { refuseMisfit } from "../training/loss-examples.ts";
import { keepModel, runInFolder } from "../training/run.ts";
import { claimRunFolder } from "../training/run-claim.ts";
import { beginRun } from "./begin-run.ts";
import { branchExamples, refusalLines } from "./branch-examples.ts";
import { choose } from "./choose.ts";
import type { UnlearnConfig } from "./config.ts";
import type { RunContext } from "./context.ts";
import { writeRegion } from "./localisation/region.ts";
import { encodeSides, textToLocalise } from "./localisation/text.ts";
import { objectives } from "./objectives/index.ts";
import { plans } from "./plans/index.ts";
import { createRounds } from "./rounds.ts";
import { openScope } from "./scopes/open-scope.ts";
import { selectWeights } from "./select-weights.ts";
import { encodeAll, openSession, readSources } from "./session.ts";
import { sources } from "./sources/index.ts";

/**
 * Runs the configuration; the result is the run folder `config.output`. `yaml` is the resolved configuration as it is kept there.
 * @throws LetheError for users' mistakes, before anything is written; the signal's reason when aborted.
 */
export async function unlearn(config: UnlearnConfig, yaml: string, context: RunContext): Promise<void> {
  const { report, signal } = context;
  const random = createRandom(config.seed);
  const objective = await choose(objectives, config.objective);
  const scope = await openScope(config.scope);
  const source = await choose(sources, config.source);
  const plan = await choose(plans, config.plan);
  const loss = objective.entry.loss(objective.options, random.fork("objective"));
  const planNeedsRetain = plan.entry.needsRetain(plan.options);

  const reveals = source.entry.reveals === true;
  if (config.forget === undefined && !reveals) throw missingForget(source.entry.name);
  if (reveals && scope.localise) throw localisedUnseen(scope.name);

  using claim = await claimRunFolder({ path: config.output, yaml, resume: context.resume });
  const forget = config.forget ? await readSources(config.forget, signal) : { records: [], files: [] };
  const retain = config.retain ? await readSources(config.retain, signal) : { records: [], files: [] };
  refuseOverlap(forget.records, retain.records);
  if (retain.records.length === 0) {
    if (loss.branches.includes("retain")) throw missingRetain("objective", objective);
    if (planNeedsRetain) throw missingRetain("plan", plan);
  }
  const located = await textToLocalise(config, scope, { forget, retain, signal });
  const needsAlternates = loss.branches.includes("alternate") || loss.branches.includes("retainAlternate");
  const refusalsFile = needsAlternates ? config.refusals : undefined;
  const refusals = refusalsFile ? await refusalLines(refusalsFile) : [];
  const { adapter, device, encoding } = config;
  const opening = { adapter, keepAdapter: scope.keepsAdapter, device, encoding, report, signal };
  using session = scope.steer
    ? await scope.steer({ model: config.model, options: opening, folder: claim.path })
    : await openSession(config.model, opening);
  /** Who says what the model that must forget says as it is. */
  const asked = () => session.steers?.session ?? session;
  const weightsBefore = await hashWeights(session.model);
  const encode = (records: readonly DataRecord[]) =>
    branchExamples(session, loss, {
      forget: records,
      retain: retain.records,
      refusals,
      random: random.fork("refusals"),
    });
  const { relabel } = objective.entry;
  const relabelled = async (examples: BranchExamples): Promise<BranchExamples> => {
    if (!relabel || !examples.forget) return examples;
    const open = (model: string) =>
      openSession(model, { device: config.device, encoding: config.encoding, report, signal });
    const from = { session: asked(), open, random: random.fork("labels"), signal };
    return { ...examples, forget: await relabel.make(examples.forget, from, objective.options) };
  };
  // What cannot be used is refused before anything is written, also where it is only what the source begins with.
  const make = await source.entry.prepare?.(
    { forget: forget.records, session: asked(), report, signal },
    source.options,
  );
  const examples = make
    ? encode(reveals ? [somethingToSay] : forget.records.map(withStandIn))
    : await relabelled(encode(forget.records));
  const kept = planNeedsRetain ? encodeAll(session, retain.records, '"retain"') : [];
  const { region, ...selection } = await selectWeights(scope, {
    session,
    modelHash: weightsBefore,
    random: random.fork("scope"),
    texts: () => encodeSides(session, located),
    pairs: drawsPairs(loss),
    folder: claim.earlier && claim.path,
    report,
    signal,
  });
  refuseMisfit(loss, session.model, selection.weights);
  await plan.entry.check?.({ model: session.model, trainable: selection.weights, retain: kept }, plan.options);

  const files = [...forget.files, ...retain.files, ...located.files, ...(refusalsFile ? [refusalsFile] : [])];
  using run = await beginRun({ claim, session, config, files, context, weightsBefore });
  if (region) await writeRegion(run.folder.path, region);
  await session.steers?.training?.describe(run.folder.path);
  await runInFolder(run, async (train, measure) => {
    await plan.entry.run(
      {
        model: session.model,
        trainable: selection.weights,
        retain: kept,
        ...createRounds({
          session,
          folder: run.folder.path,
          config,
          loss,
          selection,
          retain: retain.records,
          source: make ?? { records: forget.records, examples },
          examplesOf: async (records) => relabelled(encode(records)),
          random,
          train,
          report,
          signal,
        }),
        measure,
        keepRound: (round, model) => keepModel(run, join("rounds", String(round)), model),
        random: random.fork("plan"),
        note: (found) => run.folder.writeJson("plan.json", found),
        report,
        signal,
      },
      plan.options,
    );
    await source.entry.clear?.(run.folder.path, source.options);
  });
  await session.steers?.training?.finish();
}

/** Stands for what is still to be revealed, so that the rest of the configuration is checked before anything is written. */
const somethingToSay: DataRecord = {
  kind: "question-answer",
  id: "revealed",
  question: "?",
  answer: ".",
  alternate: ".",
};

/** Of a record whose other answer the source is still to make, the true one stands in. */
const withStandIn = (record: DataRecord): DataRecord =>
  record.kind === "question-answer" ? { ...record, alternate: record.answer } : record;

const missingForget = (source: string) =>
  new ConfigError(`source "${source}" needs the text that must go`, {
    place: { key: "forget" },
    hint: "Add `forget:` with it, or let the model tell it (source: { name: revealed, description: … }).",
  });

const localisedUnseen = (scope: string) =>
  new ConfigError(`scope "${scope}" chooses by the text to forget, and that is only revealed in the run`, {
    place: { key: "scope" },
    hint: "Take all, lora, layers or adapter.",
  });

function missingRetain(
  axis: "objective" | "plan",
  { entry, options }: { readonly entry: { readonly name: string }; readonly options: object },
): ConfigError {
  const alternative = "retainWeight" in options ? ", or set the objective's retainWeight to 0" : "";
  return new ConfigError(`${axis} "${entry.name}" needs retain data`, {
    place: { key: "retain" },
    hint: `Add \`retain:\` with the text that must stay${alternative}.`,
  });
}
