// A whole search: settings for one or several methods under one budget each, judged on validation records, and both rows, configured and found, reported
// on records that took no part. Leaves everything in one folder.

import { basename, join } from "node:path";
import type { Config } from "../../core/config.ts";
import { silent } from "../../core/events.ts";
import { writeFileAtomic } from "../../core/files.ts";
import { version } from "../../core/version.ts";
import type { Evaluation } from "../../evaluation/result.ts";
import { type RunOptions, reportPath } from "../../reporting/index.ts";
import { containedRun, type RunOutcome } from "../contained-run.ts";
import { measureModels } from "../models.ts";
import { renderBenchmarkPage } from "../page.ts";
import type { BenchmarkResult } from "../result.ts";
import { columnsOf, modelRow, runRow } from "../rows.ts";
import { claimSeriesFolder } from "../series-folder.ts";
import { stepCostOf } from "../step-cost.ts";
import { methodLabels, type RunConfig, refuseStrayKnobs, type TunedMethod, tunedMethod } from "./method.ts";
import { searchNote, tuningNotes } from "./notes.ts";
import type { TuneRun } from "./options.ts";
import { type FinishedSearch, planSearch, type Trial } from "./search.ts";
import { openTuning, type Tuning } from "./tuning.ts";

/** A method with what its search found, and what both settings come to on the reported records. */
export interface Tuned {
  readonly method: TunedMethod;
  readonly search: FinishedSearch;
  /** The configuration found, ready for `lethe unlearn`. */
  readonly file: string;
  readonly rows: {
    readonly default: TunedRow;
    /** The same run where nothing beat the configured settings. */
    readonly tuned: TunedRow;
  };
}

interface TunedRow extends RunOutcome {
  /** Of an optimiser step, as a multiple of gradient ascent's. */
  readonly cost: number;
}

export interface TuneResult extends Omit<Tuning, "search"> {
  readonly folder: string;
  /** Before and, where there is one, retrained, on the reported records. */
  readonly models: readonly Evaluation[];
  readonly methods: readonly Tuned[];
  readonly table: BenchmarkResult;
}

/**
 * Searches, writes `tune.json` and a `best.yaml` per method, runs the rows to report, and writes them as `result.json` and `report.html`.
 * @throws LetheError for whatever is wrong with the configuration, the data or the models; the signal's reason when aborted.
 */
export async function tune({ value, yaml }: Config<TuneRun>, options: RunOptions = {}): Promise<TuneResult> {
  const { report = silent, signal, resume = false, command = ["lethe"] } = options;
  const watch = { report, signal, command };
  const { tune: search, ...config } = value;
  const { output: folder, device, encoding, seed, evaluation } = config;
  const models = { target: config.model, adapter: config.adapter, retrained: evaluation.retrained };
  const methods = await tunedMethods(value, signal);

  using _claim = await claimSeriesFolder({ path: folder, yaml, resume });
  const tuning = await openTuning({ folder, models, evaluation, tune: search, seed, device, encoding }, watch);
  const { sets } = tuning;
  const found: Omit<Tuned, "rows">[] = [];
  for (const method of methods) {
    const searched = await tuning.search(method);
    const file = join(folder, methods.length === 1 ? "best.yaml" : `best-${method.label}.yaml`);
    const best = await method.config(searched.best.settings, { output: `${folder}-best`, evaluation: sets.reported });
    await writeFileAtomic(file, bestYaml(searched, best));
    found.push({ method, search: searched, file });
  }

  const reported = join(folder, "reported");
  const measured = await measureModels(models, sets.reported, reported, config, watch);
  const run = async ({ label, config }: TunedMethod, name: "default" | "tuned", settings: Trial["settings"]) => {
    report({ type: "note", text: `${label}, ${name} settings: the run that is reported` });
    const output = join(reported, `${label}-${name}`);
    const made = await config(settings, { output, evaluation: measured.options });
    return { ...(await containedRun(made, watch, { keepModel: true })), cost: await stepCostOf(made) };
  };
  const tuned: Tuned[] = [];
  for (const each of found) {
    const { best } = each.search;
    const outcome = await run(each.method, "default", {});
    const rows = {
      default: outcome,
      tuned: best.candidate === 0 ? outcome : await run(each.method, "tuned", best.settings),
    };
    tuned.push({ ...each, rows });
  }
  const shown = [measured.before, ...(measured.retrained ? [measured.retrained] : [])];
  const { search: _, ...told } = tuning;
  const result = { ...told, folder, models: shown, methods: tuned };
  const table = tableOf(result, { command, seed });
  await writeFileAtomic(join(folder, "result.json"), `${JSON.stringify(table, null, 1)}\n`);
  await writeFileAtomic(reportPath(folder), renderBenchmarkPage(table));
  return { ...result, table };
}

async function tunedMethods({ tune: search, ...config }: TuneRun, signal?: AbortSignal): Promise<TunedMethod[]> {
  const chosen = search.methods ?? [config.objective];
  refuseStrayKnobs(search, chosen);
  const labels = methodLabels(chosen);
  const methods: TunedMethod[] = [];
  for (const [i, objective] of chosen.entries()) {
    const method = await tunedMethod(config, objective, { label: labels[i] as string, tune: search, signal });
    planSearch(method, search, config.seed); // refuses now what could not be searched later
    methods.push(method);
  }
  return methods;
}

function tableOf(
  { folder, models, methods, sets, definition }: Omit<TuneResult, "table">,
  { command, seed }: { readonly command: readonly string[]; readonly seed: number },
): BenchmarkResult {
  const settings = ["default", "tuned"] as const;
  const runs = methods.flatMap(({ method, rows }) => settings.map((name) => ({ method, name, outcome: rows[name] })));
  const after = runs.flatMap(({ outcome }) => outcome.after ?? []);
  return {
    format: 1,
    lethe: version,
    title: `Tuning, ${basename(folder)}`,
    command: [...command],
    columns: columnsOf([...models, ...after], { retrained: models.some(({ column }) => column === "retrained") }),
    rows: [
      ...models.map((each) => modelRow(each)),
      ...runs.map(({ method, name, outcome }) =>
        runRow({ method: method.label, settings: name, seed, cost: outcome.cost }, outcome),
      ),
    ],
    notes: [...tuningNotes({ sets, definition }), ...methods.map(({ search }) => searchNote(search))],
  };
}

/** The configuration of the best run, with where it comes from. */
function bestYaml(search: FinishedSearch, { yaml }: RunConfig): string {
  return [`# ${searchNote(search)}`, "# `evaluation` reads only records that took no part in the search.", yaml].join(
    "\n",
  );
}
