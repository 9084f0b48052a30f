// What each round of a plan trains on: the source's text as examples and batches, and the training over them. Knows no source, plan or objective by name.

import { join } from "node:path";
import type { Random } from "../core/random.ts";
import type { DataRecord } from "../data/record.ts";
import { type BranchExamples, createBatchSupply } from "../training/batches.ts";
import type { Loss } from "../training/loss.ts";
import { examplesFor } from "../training/loss-examples.ts";
import type { SideTexts } from "../training/narrowing.ts";
import { stepsOf } from "../training/options.ts";
import type { Train } from "../training/run.ts";
import { askReference } from "./ask-reference.ts";
import type { UnlearnConfig } from "./config.ts";
import type { RunContext } from "./context.ts";
import { encodeSides } from "./localisation/text.ts";
import { crossEntropy } from "./objectives/memorise.ts";
import type { PlanContext, RoundText, TrainOptions } from "./plans/plan.ts";
import type { Selection } from "./scopes/scope.ts";
import type { Session } from "./session.ts";
import type { Making } from "./sources/source.ts";

export interface RoundsContext extends Pick<RunContext, "report" | "signal"> {
  readonly session: Session;
  /** The run folder. */
  readonly folder: string;
  readonly config: Pick<UnlearnConfig, "training" | "partners">;
  readonly loss: Loss;
  readonly selection: Selection;
  readonly retain: readonly DataRecord[];
  /** The records that every round trains on, with their examples, or what makes each round's. */
  readonly source: { readonly records: readonly DataRecord[]; readonly examples: BranchExamples } | Making;
  /** A round's records as examples of every branch that the loss uses. */
  readonly examplesOf: (records: readonly DataRecord[]) => Promise<BranchExamples>;
  readonly random: Random;
  readonly train: Train;
}

/**
 * What a plan's context does with text. What the model is asked, by the source or for a loss's reference, it answers with the weights that the plan has
 * brought it to, also when the run goes on: a checkpoint is only laid over them when training begins.
 */
export function createRounds(context: RoundsContext): Pick<PlanContext, "gather" | "teach"> {
  let earlier: readonly DataRecord[] = [];
  const gather: PlanContext["gather"] = async (round, { withEarlier = false } = {}) => {
    const random = (what: string) => context.random.fork(round === 1 ? what : `${what} ${round}`);
    const { records, examples, score } = await textOf(round, withEarlier ? earlier : [], context, random("source"));
    earlier = records;
    if (records.length === 0) return { forget: [], score, train: nothingToTrainOn };
    const { session, loss, retain } = context;
    const texts = encodeSides(session, { forget: records, retain });
    const fitting = examplesFor(loss, examples, session.model.config.maxPositions);
    const own = { ...context, random: random("batches") };
    return { forget: texts.forget, score, train: trainingOver(fitting, texts, own) };
  };
  let taught = 0;
  const teach: PlanContext["teach"] = async (text, { training, ...options } = {}) => {
    taught++;
    const pace = { ...context.config.training, ...training };
    await trainingOver({ forget: text }, undefined, {
      ...context,
      loss: crossEntropy,
      config: { ...context.config, training: pace },
      random: context.random.fork(`teach ${taught}`),
    })(options);
  };
  return { gather, teach };
}

/** A source that makes its text adds to `earlier` what is not in it yet; one that has it gives the same again. */
async function textOf(round: number, earlier: readonly DataRecord[], context: RoundsContext, random: Random) {
  const { source, folder, examplesOf, report, signal } = context;
  if (typeof source !== "function") return { ...source, score: undefined };
  const file = join(folder, round === 1 ? "source.jsonl" : `source-${round}.jsonl`);
  const made = await source({ file, round, random, report, signal });
  const told = new Set(earlier.map(contentOf));
  const records = [...earlier, ...made.records.filter((record) => !told.has(contentOf(record)))];
  const nothing = round > 1 && records.length === 0;
  return { records, score: made.score, examples: nothing ? {} : await examplesOf(records) };
}

/** Everything that a record says; its id only tells which round it is from. */
const contentOf = ({ id, place, ...content }: DataRecord) => JSON.stringify(content);

/** `texts`: the true text of both sides, by which a scope may choose anew what moves; without it everything selected moves. */
function trainingOver(
  examples: BranchExamples,
  texts: SideTexts | undefined,
  { session, config, loss, selection, random, train, report, signal }: RoundsContext,
): RoundText["train"] {
  const { weights: trainable, masks, narrowing } = selection;
  const padding = { padTo: loss.padTo, padId: session.tokenizer.padId ?? session.tokenizer.eosId };
  const { training, partners } = config;
  const batches = createBatchSupply(examples, { batchSize: training.batchSize, partners, random, padding });
  const totalSteps = stepsOf(training, batches.batchesPerEpoch);
  const following = narrowing && texts && { ...narrowing, texts };
  return async (options: TrainOptions = {}) => {
    await session.steers?.training?.prepare(loss, examples, { padding, report, signal });
    const only = batches.ahead(totalSteps * training.accumulation);
    using reference = await askReference(session.model, loss, examples, { report, signal, padding, only });
    const task = { trainable, masks, narrowing: following, loss, batches, totalSteps, reference, training };
    await train({ ...task, ...options });
  };
}

const nothingToTrainOn = () => Promise.reject(new Error("a round without text was trained on"));
