// Reads a run folder into one plain object and refuses damaged files by name. Knows the files' places and shapes; knows nothing of how they are shown.
import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isMap, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { RunError } from "../core/errors.ts";
import { type RunManifest, runManifest } from "../core/manifest.ts";
import { type MetricsLogLine, metricsLogLine } from "../core/metrics-log.ts";
import { evaluationFile, trajectoryLine } from "../evaluation/evaluation-schema.ts";
import type { Evaluation, TrajectoryPoint } from "../evaluation/result.ts";
import { regionFile, regionSchema, type StoredRegion } from "../unlearning/localisation/region.ts";
import { type IterateFound, iterateFound } from "../unlearning/plans/iterate-found.ts";
import { type RoundStatistics, revealedStatistics, statisticsFile } from "../unlearning/sources/revealed/statistics.ts";
import { orderColumns } from "./columns.ts";

/** Everything a report shows, read from one folder. */
export interface RunSummary {
  /** The folder's own name. */
  readonly name: string;
  /** What the configuration asked for: a run with an objective unlearns, any other teaches. */
  readonly kind: "unlearning" | "teaching";
  /** The resolved configuration, as the YAML text that was saved. */
  readonly config: string;
  readonly manifest: RunManifest;
  /** Training steps in order; empty when `metrics.jsonl` is missing. */
  readonly steps: readonly MetricsLogLine[];
  /** Before, after, retrained, then others by name; empty when `evaluation/` is missing. */
  readonly evaluations: readonly Evaluation[];
  /** In order of steps; empty when `evaluation/trajectory.jsonl` is missing. */
  readonly trajectory: readonly TrajectoryPoint[];
  /** Where it was allowed to move, when a scope chose that by looking at the text. */
  readonly region?: StoredRegion | undefined;
  /** What each round found, when the plan went in rounds. */
  readonly rounds?: IterateFound | undefined;
  /** What each round revealed, without its texts, when the source had the model tell what must go. */
  readonly revealed?: readonly RoundStatistics[] | undefined;
  /** What the reader has to know about missing or cut-off pieces, one sentence each. */
  readonly notices: readonly string[];
}

/**
 * Reads and validates a run folder. `config.yaml` and `manifest.json` must be there; `metrics.jsonl` and `evaluation/` may be missing and leave a notice.
 * A last line cut off in the middle is dropped with a notice while the run is unfinished.
 * @throws {RunError} naming the file, and the line or key, that is missing or damaged
 */
export async function readRunFolder(path: string): Promise<RunSummary> {
  const folder = resolve(path);
  const notices: string[] = [];
  const { config, kind } = await readConfig(join(folder, "config.yaml"));
  const manifest = await readManifest(join(folder, "manifest.json"));
  const lines = { finished: manifest.finished, notices };
  const steps = await readLines(join(folder, "metrics.jsonl"), metricsLogLine, lines);
  const evaluations = await readEvaluations(join(folder, "evaluation"));
  const trajectory = await readLines(join(folder, "evaluation", "trajectory.jsonl"), trajectoryLine, lines);
  const region = await readRegionFile(join(folder, regionFile));
  const rounds = await readRounds(join(folder, "plan.json"));
  const revealed = await readRevealed(join(folder, statisticsFile));
  if (!manifest.finished) notices.unshift("This run has not finished; what follows is what it had written so far.");
  return {
    name: basename(folder),
    kind,
    config,
    manifest,
    steps,
    evaluations: orderColumns(evaluations, (evaluation) => evaluation.column),
    trajectory: trajectory.toSorted((a, b) => a.step - b.step),
    region,
    rounds,
    revealed,
    notices,
  };
}

async function readConfig(file: string): Promise<Pick<RunSummary, "config" | "kind">> {
  const text = await required(file);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const line = lineCounter.linePos(error.pos[0]).line;
    throw new RunError(`${file}:${line} is not YAML: ${error.message}`, { place: { file, line }, cause: error });
  }
  const unlearns = isMap(document.contents) && document.contents.has("objective");
  return { config: text, kind: unlearns ? "unlearning" : "teaching" };
}

async function readManifest(file: string): Promise<RunManifest> {
  return check(parseJson(await required(file), file), runManifest, file);
}

async function readRegionFile(file: string): Promise<StoredRegion | undefined> {
  const text = await ifPresent(() => readFile(file, "utf8"), file);
  return text === undefined ? undefined : check(parseJson(text, file), regionSchema, file);
}

async function readRevealed(file: string): Promise<readonly RoundStatistics[] | undefined> {
  const text = await ifPresent(() => readFile(file, "utf8"), file);
  return text === undefined ? undefined : check(parseJson(text, file), revealedStatistics, file).rounds;
}

/** Other plans keep other things in the file. */
async function readRounds(file: string): Promise<IterateFound | undefined> {
  const text = await ifPresent(() => readFile(file, "utf8"), file);
  const found = text === undefined ? undefined : parseJson(text, file);
  const isIteration = planName.safeParse(found).data?.plan === "iterate";
  return isIteration ? check(found, iterateFound, file) : undefined;
}

const planName = z.object({ plan: z.string() });

async function readEvaluations(folder: string): Promise<Evaluation[]> {
  const names = (await ifPresent(() => readdir(folder), folder)) ?? [];
  const evaluations: Evaluation[] = [];
  const fileOf = new Map<string, string>();
  for (const name of names.filter((name) => name.endsWith(".json")).toSorted()) {
    const file = join(folder, name);
    const evaluation = check(parseJson(await required(file), file), evaluationFile, file);
    const earlier = fileOf.get(evaluation.column);
    if (earlier !== undefined)
      throw new RunError(`${file} and ${earlier} both hold the column "${evaluation.column}"`, {
        place: { file, key: "column" },
        hint: "Give one of them another column name, or move it out of the run folder.",
      });
    fileOf.set(evaluation.column, file);
    evaluations.push(evaluation);
  }
  return evaluations;
}

async function readLines<T>(
  file: string,
  schema: z.ZodType<T>,
  { finished, notices }: { finished: boolean; notices: string[] },
): Promise<T[]> {
  const text = await ifPresent(() => readFile(file, "utf8"), file);
  const lines = (text ?? "").split("\n");
  // What follows the last newline is empty in a whole file and half a line in one that was cut off.
  const rest = lines.pop() ?? "";
  if (rest.trim() !== "") {
    if (finished) lines.push(rest);
    else notices.push(`The last line of ${basename(file)} was cut off and is left out.`);
  }
  return lines.map((line, index) => check(parseJson(line, file, index + 1), schema, file, index + 1));
}

async function required(file: string): Promise<string> {
  const text = await ifPresent(() => readFile(file, "utf8"), file);
  if (text === undefined)
    throw new RunError(`${file} is missing`, {
      place: { file },
      hint: "Name a folder that a Lethe run has written, such as runs/quickstart.",
    });
  return text;
}

async function ifPresent<T>(read: () => Promise<T>, file: string): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    throw new RunError(`${file} cannot be read (${code ?? String(cause)})`, { place: { file }, cause });
  }
}

function parseJson(text: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = text.trim() === "" ? "empty" : (cause as Error).message;
    throw new RunError(`${where(file, line)} is not JSON: ${reason}`, { place: place(file, line), cause });
  }
}

function check<T>(value: unknown, schema: z.ZodType<T>, file: string, line?: number): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const key = issue?.path.map(String).join(".") ?? "";
  throw new RunError(`${where(file, line)}: ${key === "" ? "" : `${key}: `}${issue?.message ?? "not valid"}`, {
    place: { ...place(file, line), ...(key === "" ? {} : { key }) },
    hint: "The file is damaged or from another version of Lethe; run the evaluation again or restore it.",
    cause: result.error,
  });
}

const where = (file: string, line?: number) => (line === undefined ? file : `${file}:${line}`);
const place = (file: string, line?: number) => (line === undefined ? { file } : { file, line });
