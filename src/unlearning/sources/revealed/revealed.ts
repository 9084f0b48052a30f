// The text to forget in the model's own words (Reveal-and-Release, 2509.14624): no forget data, only what must go in a description, a few subjects, or a judge.
// Every round of a plan searches anew, with the names and questions that earlier rounds disclosed.

import { dirname, join } from "node:path";
import { ConfigError, RunError } from "../../../core/errors.ts";
import { choose } from "../../choose.ts";
import { readSources } from "../../session.ts";
import { defineSource, type SourceStart } from "../source.ts";
import { compose } from "./arms/grammar.ts";
import { createHarvest } from "./arms/harvest.ts";
import { softInstructions } from "./arms/soft.ts";
import { refuseJudgeOfAll } from "./checks.ts";
import type { Instruction } from "./instruction.ts";
import { promptOf } from "./instruction.ts";
import { type Judge, type JudgeStart, judges } from "./judges/index.ts";
import { type RevealedOptions, revealedOptions } from "./options.ts";
import { recordsOf, reveal, scoreOf } from "./reveal.ts";
import { forgetTexts, openRevealedFile } from "./revealed-text.ts";
import { openSeal, plainLines } from "./seal.ts";
import { keepStatistics, statisticsFile } from "./statistics.ts";

export const revealed = defineSource({
  name: "revealed",
  summary: "what the model itself tells under instructions that are searched for; no forget data is needed",
  paper: "https://arxiv.org/abs/2509.14624",
  options: revealedOptions,
  reveals: true,
  async prepare({ session, forget, report, signal }, options) {
    if (forget.length > 0) throw twoSources();
    const seal = options.encryptWith === undefined ? plainLines : openSeal(options.encryptWith);
    const open = await judgeOf({ description: options.description, session, report, signal }, options);
    {
      using judge = await open();
      await refuseJudgeOfAll(judge, options, signal);
    }
    const first = firstInstructions(options, session);
    if (first.length === 0) throw nothingToAsk();
    for (const instruction of first) promptOf(instruction, session);
    const harvest = createHarvest();
    const truth = options.truth === undefined ? [] : (await readSources(options.truth, signal)).records;
    return async ({ file, round, random, report, signal }) => {
      const started = performance.now();
      const phase = "reveal";
      report({ type: "phase-start", phase, total: options.samples, unit: "texts" });
      using judge = await open();
      using stored = openRevealedFile(file, options.batch, seal);
      const { texts, ended } = await reveal({
        session,
        options,
        judge,
        first,
        harvest,
        file: stored,
        random,
        mayBeEmpty: round > 1,
        progress: (done) => report({ type: "phase-progress", phase, done, total: options.samples, unit: "texts" }),
        signal,
      }).catch(async (error) => {
        // A search that comes to nothing would do so again: nobody resumes it for its texts.
        if (options.forgetRevealed && error instanceof RunError) await forgetTexts(dirname(file));
        throw error;
      });
      const records = recordsOf(texts, { round, encoding: session.encoding });
      const path = join(dirname(file), statisticsFile);
      const { coverage } = await keepStatistics(path, { round, texts, ended, options, truth });
      report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
      const why = ended === "saturated" ? "nothing new came any more" : "the budget of texts is used up";
      report({ type: "note", text: `${records.length} of ${texts.length} revealed texts are trained on`, reason: why });
      for (const { fact, facts, found } of coverage) {
        report({
          type: "note",
          text: `${(100 * (found.at(-1) ?? 0)).toFixed(1)} % of ${facts} true facts came to light`,
          reason: fact,
        });
      }
      return { records, score: scoreOf(texts) };
    };
  },
  async clear(folder, { forgetRevealed }) {
    if (forgetRevealed) await forgetTexts(folder);
  },
});

/** Chosen and checked at once, opened when it is needed. */
async function judgeOf(start: JudgeStart, { judge, subjects, description }: RevealedOptions) {
  const chosen = await choose(judges, judge ?? { name: "words", words: defaultWords(subjects, description) });
  return (): Promise<Judge> => chosen.entry.open(chosen.options, start);
}

/** Words that may tell a text that must go: longer ones, and abbreviations. */
export function defaultWords(subjects: readonly string[], description: string | undefined): readonly string[] {
  if (subjects.length > 0) return subjects;
  const words = description?.match(/[\p{L}\p{N}-]{4,}|\p{Lu}{2,}/gu) ?? [];
  const telling = [...new Set(words.map((word) => word.toLowerCase()))].filter((word) => !commonWords.has(word));
  if (telling.length === 0) throw nothingToLookFor();
  return telling;
}

/** What descriptions are made of, whatever they describe. */
const commonWords = new Set(
  "about also anything been does each else every everything from have into known knowledge model more must other said should some something such tell text texts that their them then there these they things this those what when where which whose will with".split(
    " ",
  ),
);

/** Of every kind that is asked for: the user's own, the grammar's with what is known of the topics, and soft prompts. */
function firstInstructions(options: RevealedOptions, session: SourceStart["session"]): Instruction[] {
  const { instructions, grammar, subjects, description } = options;
  const topics = subjects.length > 0 ? subjects : description === undefined ? [] : [description];
  const arms = {
    list: () => instructions.map((text): Instruction => ({ text, form: "question", origin: "list" })),
    grammar: () => compose(grammar, topics),
    soft: () => softInstructions(options.soft, session),
  };
  return [...new Set(options.arms)].flatMap((arm) => arms[arm]());
}

const twoSources = () =>
  new ConfigError('source "revealed" makes its own text to forget, and `forget` names some', {
    place: { key: "forget" },
    hint: "Leave `forget` out, or take source: given.",
  });

const nothingToLookFor = () =>
  new ConfigError(
    "the description has no word by which a text could be judged: four letters or more, or capitals, and no common one",
    {
      place: { key: "source.description" },
      hint: "Describe what must go in telling words, name subjects, or choose a judge (source.judge).",
    },
  );

const nothingToAsk = () =>
  new ConfigError("there is no instruction to begin with", {
    place: { key: "source.grammar" },
    hint: 'Give instructions, templates without {topic}, or subjects; the prefix "" lets the model begin itself.',
  });
