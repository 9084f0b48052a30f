// A whole benchmark: its data checked, its two models found or taught and measured once, every method run with every seed, and one table of it all.
// Begun again with `resume`, it takes what is finished as it is and goes on with the rest.

import { join } from "node:path";
import type { Config } from "../core/config.ts";
import { silent } from "../core/events.ts";
import { writeFileAtomic } from "../core/files.ts";
import { sideBySide } from "../core/side-by-side.ts";
import { version } from "../core/version.ts";
import type { EvaluationOptions } from "../evaluation/index.ts";
import type { Evaluation } from "../evaluation/result.ts";
import { type RunOptions, reportPath } from "../reporting/index.ts";
import { objectives } from "../unlearning/index.ts";
import { type Boundary, openBoundary } from "./boundary.ts";
import { type ChainOutcome, runChain } from "./chain.ts";
import { checkFiles } from "./check-files.ts";
import { checkColumns, chosenColumns } from "./columns.ts";
import { findData } from "./data-folder.ts";
import { matchedCells, matchedGroups, matchedPoints } from "./matched.ts";
import { type BenchmarkMethod, chooseMethods } from "./methods.ts";
import { teachModels } from "./models.ts";
import { whatIsGiven } from "./needs.ts";
import type { BenchmarkConfig } from "./options.ts";
import { renderBenchmarkPage } from "./page.ts";
import type { BenchmarkResult, MatchedResult, ResultColumn } from "./result.ts";
import { isAboutRevealed, revealedCells, revealedColumn, revealedKeys } from "./revealed-columns.ts";
import { columnsOf, modelRow, runRow } from "./rows.ts";
import { named, type Runner } from "./runner.ts";
import { claimSeriesFolder } from "./series-folder.ts";
import { namedSets } from "./sets.ts";
import { withShots } from "./shots.ts";
import { measureStart, planStarts, type Start } from "./start.ts";
import { stepCostOf } from "./step-cost.ts";
import { renderMarkdown } from "./table.ts";
import { refuseStrayKnobs, type TunedMethod, tunedMethod } from "./tune/method.ts";
import { searchNote, tuningNotes } from "./tune/notes.ts";
import type { TuneOptions } from "./tune/options.ts";
import { type FinishedSearch, planSearch } from "./tune/search.ts";
import { openTuning, type Tuning } from "./tune/tuning.ts";

export interface BenchmarkRunOptions extends RunOptions {
  /** Who does the runs; default: this process. */
  readonly runner?: Runner;
  /** Runs at a time, 1 or more. More than one are worth it with a runner that has a process for each: in this one they would take turns. */
  readonly jobs?: number;
}

/**
 * Runs it, and leaves `result.json`, `table.md` and `report.html` in `config.output`, brought up to date after every run.
 * @throws LetheError for whatever is wrong with the configuration, the data or the models; the signal's reason when aborted.
 */
export async function runBenchmark(
  { value, yaml }: Config<BenchmarkConfig>,
  { report = silent, signal, resume = false, command = ["lethe"], runner, jobs = 1 }: BenchmarkRunOptions = {},
): Promise<BenchmarkResult> {
  const watch = { report, signal, command, runner };
  checkColumns(value);
  const { config, folder: data } = await findData(value, watch);
  const folder = config.output;
  const sets = namedSets(config, data);
  await checkFiles(config, data, signal);
  const { methods, leftOut } = await chooseMethods(config, sets, await whatIsGiven(config, sets, signal));
  const shown = await withShots(sets.evaluation(config.evaluation), config, sets, signal);
  const used = methods.flatMap(({ models }) => models);
  const starts = await planStarts(config, { sets, evaluation: shown, used }, watch);
  const [first] = starts as [Start];
  const boundaryOf = async (evaluation: EvaluationOptions) =>
    config.boundary && (await openBoundary(config.boundary, { evaluation, sets, signal }));
  let boundary = await boundaryOf(shown);
  const { tune } = config;
  if (tune) {
    // Refuses what could not be searched before models are taught for it.
    refuseStrayKnobs(tune, objectives.names());
    for (const method of methods) planSearch(await searchable(method, runsFrom(first, folder), tune), tune, tuneSeed);
  }

  using _claim = await claimSeriesFolder({ path: folder, yaml, resume });
  let tuning: Tuning | undefined;
  const searches = new Map<BenchmarkMethod, FinishedSearch>();
  const notes = leftOut.map(({ label, reason }) => `${label} was left out: it ${reason}.`);
  const models: FoundModel[] = [];
  const found: Found[][][] = [];
  const result = () => resultOf(config, { command, models, found: found.flat(2), notes, boundary });
  let saved = Promise.resolve();
  const saveNow = () => {
    saved = saved.then(() => save(folder, result()));
    return saved;
  };
  let begun = 0;
  const all = methods.length * config.seeds * starts.length * (tune ? 2 : 1);
  for (const [s, start] of starts.entries()) {
    await teachModels(start.plan, watch, jobs);
    if (tune && !tuning) {
      const searched = { ...config, ...start, folder: join(folder, "tuning"), tune, seed: tuneSeed };
      // One trial waits for another: here, they have all the threads.
      tuning = await openTuning(searched, { ...watch, runner: undefined });
      boundary = await boundaryOf(tuning.sets.reported);
      notes.push(...tuningNotes(tuning));
      if (starts.length > 1) notes.push("Settings were searched on the first start model and hold for all.");
    }
    const reported = { ...start.evaluation, sets: (tuning?.sets.reported ?? start.evaluation).sets };
    const { before, retrained, options } = await measureStart(start, reported, config, watch);
    for (const evaluation of [before, ...(retrained ? [retrained] : [])])
      models.push({ evaluation, start: start.number });
    const to = { ...runsFrom(start, folder), evaluation: options };
    for (const method of methods) {
      if (!tuning || !tune || searches.has(method)) continue;
      const search = await tuning.search(await searchable(method, to, tune));
      searches.set(method, search);
      notes.push(searchNote(search));
    }
    const rows = methods.flatMap((method) =>
      settingsOf(searches.get(method)).flatMap((chosen) =>
        seedsOf(s, config).map((seed) => ({ method, seed, ...chosen })),
      ),
    );
    const runs = new Map<string, Promise<ChainOutcome[]>>();
    const ofStart: Found[][] = [];
    found.push(ofStart);
    await sideBySide([...rows.entries()], { atMost: jobs, signal }, async ([at, row], stop) => {
      const { method, seed, settings, turned = {} } = row;
      const name = `${method.label}${settings === "tuned" ? "-tuned" : ""}`;
      report({ type: "note", text: `run ${++begun} of ${all}: ${name}, seed ${seed}` });
      const output = join(folder, "runs", `${name}-seed${seed}`);
      const chain = { method, seed, settings: turned, ...to, start: start.models, output };
      const own = { ...watch, report: jobs > 1 ? named(`${name}, seed ${seed}`, report) : report, signal: stop };
      // Where nothing beat the configured settings, both rows are the same runs.
      const key = JSON.stringify([method.label, seed, turned]);
      const run = runs.get(key) ?? runChain(chain, config, own);
      runs.set(key, run);
      const outcomes = await run;
      const cost = await stepCostOf(method.run({ ...to, seed, settings: turned }));
      ofStart[at] = outcomes.map((outcome) => ({ ...outcome, method, seed, settings, cost, start: start.number }));
      await saveNow();
    });
  }
  const finished = result();
  await save(folder, finished);
  return finished;
}

/** What every run of a start has in common. */
const runsFrom = ({ models, plan, evaluation }: Start, output: string) => ({
  model: models.model,
  adapter: models.adapter,
  paths: plan.paths,
  evaluation,
  output,
});

/** Of the order in which a search draws settings, and of its trials. */
const tuneSeed = 0;

/** A method as a search wants it: with the configuration of its runs to turn the knobs of. */
function searchable(method: BenchmarkMethod, to: ReturnType<typeof runsFrom>, tune: TuneOptions): Promise<TunedMethod> {
  const { value } = method.run({ ...to, seed: tuneSeed });
  return tunedMethod(value, value.objective, { label: method.label, tune });
}

/** Of the runs from a start: every start has its own. */
const seedsOf = (start: number, { seeds }: BenchmarkConfig) =>
  Array.from({ length: seeds }, (_, i) => start * seeds + i);

/** The rows of a method: as declared and, after a search, as found. */
const settingsOf = (search: FinishedSearch | undefined) => [
  { settings: "default" as const, turned: undefined },
  ...(search
    ? [{ settings: "tuned" as const, turned: search.best.candidate === 0 ? undefined : search.best.settings }]
    : []),
];

interface Found extends ChainOutcome {
  readonly method: BenchmarkMethod;
  readonly seed: number;
  readonly settings: "default" | "tuned";
  /** Of an optimiser step, as a multiple of gradient ascent's. */
  readonly cost: number;
  readonly start: number | undefined;
}

/** A model that no method made, measured. */
interface FoundModel {
  readonly evaluation: Evaluation;
  readonly start: number | undefined;
}

interface Findings {
  readonly command: readonly string[];
  readonly models: readonly FoundModel[];
  readonly found: readonly Found[];
  readonly notes: readonly string[];
  readonly boundary: Boundary | undefined;
}

function resultOf(config: BenchmarkConfig, { command, models, found, notes, boundary }: Findings): BenchmarkResult {
  const evaluations = [...models.map(({ evaluation }) => evaluation), ...found.flatMap((run) => run.after ?? [])];
  const columns = columnsOf(evaluations, { retrained: config.retrained !== undefined });
  const reveals = found.some(({ revealed }) => revealed !== undefined);
  const runs = found.map((run) => ({ ...run, label: labelOf(run.method, run.fold), objective: run.method.objective }));
  const matched = config.matched && matchedOf(config.matched, columns, runs);
  const aboutRevealed = config.columns?.filter(isAboutRevealed) ?? (reveals ? revealedKeys : []);
  return {
    format: 1,
    lethe: version,
    title: config.title,
    command: [...command],
    columns: chosenColumns(config.columns, [...columns, ...aboutRevealed.map(revealedColumn)]),
    rows: [
      ...models.map(({ evaluation, start }) => modelRow(evaluation, { start, boundary })),
      ...found.map(({ method, seed, settings, cost, fold, start, ...outcome }) => {
        const row = runRow({ method: labelOf(method, fold), settings, seed, cost, start }, outcome, boundary);
        const points = config.matched && matchedPoints(outcome.trajectory, config.matched);
        const cells = {
          ...row.cells,
          ...revealedCells(outcome.revealed, aboutRevealed),
          ...(matched && points && outcome.after
            ? matchedCells(points, matched, row.cells[matched.retain.measure]?.n ?? 0)
            : {}),
        };
        return { ...row, cells, ...(points ? { trajectory: points } : {}) };
      }),
    ],
    ...(boundary ? { boundary: boundary.result } : {}),
    ...(matched ? { matched } : {}),
    notes: [...config.notes, ...notes],
  };
}

function matchedOf(
  { forget, at, retain }: NonNullable<BenchmarkConfig["matched"]>,
  columns: readonly ResultColumn[],
  runs: Parameters<typeof matchedGroups>[0],
): MatchedResult {
  const [forgetting, keeping] = chosenColumns([forget, retain], columns).map(({ measure, title, scale }) => ({
    measure,
    title,
    scale,
  })) as [MatchedResult["forget"], MatchedResult["retain"]];
  return { forget: forgetting, retain: keeping, at, groups: matchedGroups(runs) };
}

const labelOf = ({ label }: BenchmarkMethod, fold: string) => (fold === "" ? label : `${label}, ${fold}`);

async function save(folder: string, result: BenchmarkResult): Promise<void> {
  await writeFileAtomic(join(folder, "result.json"), `${JSON.stringify(result, null, 1)}\n`);
  await writeFileAtomic(join(folder, "table.md"), renderMarkdown(result));
  await writeFileAtomic(reportPath(folder), renderBenchmarkPage(result));
}
