// The search: choose instructions, let the model answer them, judge what it says, learn from that, ask about what was disclosed, until nothing new comes.
// Our reading of Reveal-and-Release (2509.14624), whose algorithm is not published: seeds.md §3.5. Knows no judge, file format or plan.

import type { Random } from "../../../core/random.ts";
import type { Sequence } from "../../../data/batching.ts";
import { IGNORED } from "../../../data/encoding.ts";
import { answerOf, type DataRecord } from "../../../data/record.ts";
import { createDecoder, type Generated, generate } from "../../../generation/index.ts";
import { createStageRunner } from "../../../models/stage-runner.ts";
import { rowValues } from "../../../training/row-values.ts";
import type { Session } from "../../session.ts";
import { compose } from "./arms/grammar.ts";
import type { Harvest } from "./arms/harvest.ts";
import { createWriter, softModel } from "./arms/soft.ts";
import { type Bandit, createNeuralUcb, createUniform } from "./bandit/neural-ucb.ts";
import { refuseUselessSearch } from "./checks.ts";
import { lastStates, withTimesAsked } from "./contexts.ts";
import { type Instruction, keyOf, promptOf, recordOf, wholeText } from "./instruction.ts";
import type { Judge } from "./judges/index.ts";
import type { RevealedOptions } from "./options.ts";
import type { Ended, RevealedFile, RevealedText } from "./revealed-text.ts";
import { createNgrams, fluencyOf, normalise, wordCount } from "./text-value.ts";

export interface Search {
  readonly session: Pick<Session, "model" | "tokenizer" | "encoding">;
  readonly options: RevealedOptions;
  readonly judge: Judge;
  /** Instructions that are there before anything is disclosed. */
  readonly first: readonly Instruction[];
  /** What earlier rounds disclosed; this one adds to it. */
  readonly harvest: Harvest;
  readonly file: RevealedFile;
  readonly random: Random;
  /** A later round of a plan may find that the model tells nothing any more. */
  readonly mayBeEmpty: boolean;
  readonly progress: (texts: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Everything that was revealed, batch by batch, and why the search ended. @throws RunError when nothing can come of it. */
export async function reveal(search: Search): Promise<{ texts: readonly RevealedText[]; ended: Ended }> {
  const { session, options, harvest, file, random, signal } = search;
  using soft = options.arms.includes("soft")
    ? await softModel(session.model, options.soft, random.fork("soft"))
    : undefined;
  const model = soft ?? session.model;
  const runner = createStageRunner(model);
  using decoder = createDecoder(model);
  using bandit = banditOf(search);
  const written = createWriter(decoder, session, options.soft);
  const arms = createArms([...search.first, beginsItself]);
  const states = new Map<string, Float32Array>();
  const pool = { ngrams: createNgrams(options.ngram), texts: new Set<string>() };
  const all: RevealedText[] = [];
  let nothingNew = 0;

  /** States of instructions, each computed once. */
  const contextsOf = async (chosen: readonly number[]) => {
    const missing = chosen.map(arms.at).filter((arm) => !states.has(keyOf(arm)));
    const found = await lastStates(
      runner,
      missing.map((arm) => promptOf(arm, session)),
      signal,
    );
    missing.forEach((arm, i) => {
      states.set(keyOf(arm), found[i] as Float32Array);
    });
    return chosen.map((i) => withTimesAsked(states.get(keyOf(arms.at(i))) as Float32Array, arms.timesAsked(i)));
  };

  /** What the model says to each instruction, judged. */
  async function ask(batch: number, chosen: readonly Instruction[]): Promise<RevealedText[]> {
    const seed = `${random.seed}/batch ${batch}`;
    const instructions = await written(chosen, signal);
    const prompts = instructions.map((instruction) => promptOf(instruction, session));
    const answers = await generate(decoder, prompts, {
      tokenizer: session.tokenizer,
      stopIds: session.tokenizer.endIds,
      maxNewTokens: options.maxNewTokens,
      temperature: options.temperature,
      topP: options.topP,
      batch: options.batch,
      seed,
      signal,
    });
    const said = answers.map(({ text = "" }) => text);
    const whole = instructions.map(({ form, text: instruction }, row) =>
      wholeText({ form, instruction, text: said[row] as string }),
    );
    const relevance = await search.judge.score(readsInstruction(options) ? whole : said, signal);
    const fluency = await fluencies(prompts, answers);
    return instructions.map(({ text: instruction, form, origin }, row) => {
      const text = said[row] as string;
      const judged = {
        relevance: within(relevance[row]),
        novelty: pool.ngrams.add(text),
        fluency: within(fluency[row]),
      };
      const same = normalise(whole[row] as string);
      const duplicate = pool.texts.has(same);
      pool.texts.add(same);
      const why = keepOut(text, { ...judged, duplicate }, options);
      return { batch, instruction, form, origin, seed, row, text, ...judged, kept: why === "", why };
    });
  }

  /** Of what was said by what the model thinks of each token. */
  async function fluencies(prompts: readonly Int32Array[], answers: readonly Generated[]): Promise<number[]> {
    const values = answers.map(() => 0);
    const full = answers.flatMap(({ text = "" }, i) => (text.trim() === "" ? [] : [i]));
    const examples = full.map((i) => continuation(prompts[i] as Int32Array, (answers[i] as Generated).ids));
    const found = await rowValues(runner, examples, ["nll"], signal);
    full.forEach((i, k) => {
      values[i] = fluencyOf(answers[i]?.text ?? "", found[k]?.nll ?? []);
    });
    return values;
  }

  for (let batch = 0; all.length < options.samples && nothingNew < options.saturation.patience; batch++) {
    const size = Math.min(options.batch, options.samples - all.length);
    const chosen = await bandit.choose(arms.count, contextsOf, size - Math.round(options.freely * size));
    const free = Array.from({ length: size - chosen.length }, () => arms.numberOf(beginsItself));
    const rows = [...chosen.map(({ arm }) => arm), ...free];
    const before = pool.ngrams.size;
    const stored = file.batches[batch];
    let texts: RevealedText[];
    if (stored) {
      for (const each of stored) {
        pool.ngrams.add(each.text);
        pool.texts.add(normalise(wholeText(each)));
      }
      texts = [...stored];
    } else {
      texts = await ask(batch, rows.map(arms.at));
      file.add(texts);
    }
    all.push(...texts);
    for (const [row, text] of texts.entries()) {
      if (options.harvest && text.form !== "question" && text.fluency >= options.minimumFluency) {
        harvest.add(recordOf(beginsItself, text.text, "", session.encoding), text.relevance);
      }
      arms.asked(rows[row] as number);
    }
    await bandit.learn(
      chosen.map(({ context }) => context),
      texts.slice(0, chosen.length).map(rewardOf),
      signal,
    );
    if (options.harvest) arms.add(harvestedInstructions(harvest, options));
    refuseUselessSearch(all, search);
    nothingNew = pool.ngrams.size - before < options.saturation.share * pool.ngrams.size ? nothingNew + 1 : 0;
    search.progress(all.length);
  }
  const ended = nothingNew >= options.saturation.patience ? "saturated" : "budget";
  if (!file.ended) file.end(ended);
  return { texts: all, ended };
}

/** The records of a round to train on. Their ids name the round: a plan may train on those of several together. */
export const recordsOf = (
  texts: readonly RevealedText[],
  { round, encoding }: { readonly round: number; readonly encoding: Session["encoding"] },
): DataRecord[] =>
  texts
    .filter(({ kept }) => kept)
    .map(({ instruction, form, origin, text }, i) =>
      recordOf({ text: instruction, form, origin }, text, `revealed ${round}/${i + 1}`, encoding),
    )
    .filter((record) => answerOf(record) !== "");

/** Share of the texts that tell what must go, told before or not: how much of it the model still says. */
export const scoreOf = (texts: readonly Pick<RevealedText, "why">[]): number =>
  texts.filter(({ why }) => why === "" || why === "duplicate").length / Math.max(1, texts.length);

/** Relevance × novelty × fluency. */
export const rewardOf = ({ relevance, novelty, fluency }: RevealedText): number => relevance * novelty * fluency;

/** Names that a user gives stand in what is asked about them, seldom in the answer; what an own judge looks for must be told. */
const readsInstruction = ({ withInstruction, subjects, judge }: RevealedOptions): boolean =>
  withInstruction ?? (subjects.length > 0 && judge === undefined);

/** What a model says of its own accord is harvested; in an answer, the names are mostly those it was asked about. */
const beginsItself: Instruction = { text: "", form: "prefix", origin: "grammar" };

/** The tokens of a text counted, those of its prompt given. */
function continuation(prompt: Int32Array, said: Int32Array): Sequence {
  const tokens = Int32Array.from([...prompt, ...said]);
  const labels = tokens.slice(1).fill(IGNORED, 0, prompt.length - 1);
  return { ids: tokens.slice(0, -1), labels };
}

const within = (x: number | undefined): number => Math.min(1, Math.max(0, x ?? 0));

function banditOf({ session, options, random }: Search): Bandit {
  const { model } = session;
  const searches = {
    random: () => createUniform(random.fork("search")),
    "neural-ucb": () =>
      createNeuralUcb(model.backend, model.config.hiddenSize + 1, random.fork("search"), options.bandit),
  };
  return searches[options.search]();
}

export function harvestedInstructions(harvest: Harvest, options: RevealedOptions): Instruction[] {
  const { topics, questions } = harvest.found(options);
  const grammar = { ...options.grammar, questions: [...options.grammar.questions, ...questions] };
  return compose(grammar, topics, "harvest");
}

function keepOut(
  text: string,
  found: { relevance: number; fluency: number; duplicate: boolean },
  options: RevealedOptions,
): RevealedText["why"] {
  const words = wordCount(text);
  if (words < options.minimumWords || words > (options.maximumWords ?? Number.POSITIVE_INFINITY)) return "length";
  if (found.relevance < options.minimumRelevance) return "relevance";
  if (found.fluency < options.minimumFluency) return "fluency";
  return found.duplicate ? "duplicate" : "";
}

/** Instructions by number, each once, and how often each was asked. */
function createArms(first: readonly Instruction[]) {
  const numbers = new Map<string, number>();
  const list: Instruction[] = [];
  const times: number[] = [];
  const add = (instructions: readonly Instruction[]) => {
    for (const instruction of instructions) {
      if (numbers.has(keyOf(instruction))) continue;
      numbers.set(keyOf(instruction), list.length);
      list.push(instruction);
      times.push(0);
    }
  };
  add(first);
  return {
    get count() {
      return list.length;
    },
    /** Of an instruction that is there. */
    numberOf: (instruction: Instruction) => numbers.get(keyOf(instruction)) ?? 0,
    at: (number: number) => list[number] as Instruction,
    timesAsked: (number: number) => times[number] ?? 0,
    asked: (number: number) => {
      times[number] = (times[number] ?? 0) + 1;
    },
    add,
  };
}
