// A run is a folder, and the folder is the truth: resolved config, manifest, logs, checkpoints, results. Writes it; one process at a time.
// Knows nothing of what the run does.

import { rm } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { RunError } from "../core/errors.ts";
import { sha256File, writeFileAtomic } from "../core/files.ts";
import { type JsonLines, openJsonLines } from "../core/json-lines.ts";
import type { AutomaticChoice, RunManifest } from "../core/manifest.ts";
import type { MetricsLogLine } from "../core/metrics-log.ts";
import { version } from "../core/version.ts";
import { readCheckpoint, type StoredCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { checkpointFolder, configFile, logFiles, manifestFile, type RunClaim } from "./run-claim.ts";

export interface RunDetails {
  /** The command as typed, for the manifest. */
  readonly command: readonly string[];
  readonly seed: number;
  /** Data files the run reads. */
  readonly dataFiles: readonly string[];
  readonly device: string;
  readonly onnxruntime: string;
  readonly choices: readonly AutomaticChoice[];
}

export interface RunFolder extends Disposable {
  readonly path: string;
  /** Where to go on, when resuming. */
  readonly restored: StoredCheckpoint | undefined;
  /** Where a training that fills the steps after `after` and up to `upTo` was left; undefined when it had not begun. */
  restoredIn(after: number, upTo: number): Promise<StoredCheckpoint | undefined>;
  /** Notes the hash of the weights that the run begins with. @throws RunError when it is not the one a resumed run began with. */
  begin(weightsBefore: string): Promise<void>;
  logStep(line: MetricsLogLine, seconds: number): void;
  /** Appends to evaluation/trajectory.jsonl. */
  logTrajectory(point: object): void;
  /** Lengths of the logs now, for a checkpoint. */
  logBytes(): StoredCheckpoint["logBytes"];
  /** Makes a checkpoint the one to resume from; those up to the step `keep` stay beside it. Returns its path. */
  writeCheckpoint(stored: StoredCheckpoint, keep: number): Promise<string>;
  writeJson(name: string, value: unknown): Promise<void>;
  /** Completes the manifest: the run is finished. Its checkpoints go. */
  finish(weightsAfter: string): Promise<void>;
}

/**
 * Begins the run in a claimed folder, or opens it to go on.
 * @throws RunError when a data file is not what the resumed run began with, or a log is shorter than it was; FileError when the folder cannot be written.
 */
export async function openRunFolder(claim: RunClaim, details: RunDetails): Promise<RunFolder> {
  const { path, earlier, restored } = claim;
  const data = await hashFiles(details.dataFiles);
  if (earlier) checkData(path, earlier.data, data);
  let manifest = earlier ?? describeRun(details, data);
  const writeManifest = async (change: Partial<RunManifest> = {}) => {
    manifest = { ...manifest, ...change };
    await writeFileAtomic(join(path, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  };
  await writeFileAtomic(join(path, configFile), claim.yaml);
  await writeManifest();
  const logs = openLogs(path, restored);
  const [metrics, timings, trajectory] = logs as [JsonLines, JsonLines, JsonLines];
  claim.begin();
  return {
    path,
    restored,
    restoredIn: async (after, upTo) => {
      if (!restored || restored.checkpoint.step <= after) return undefined;
      if (restored.checkpoint.step <= upTo) return restored;
      return readCheckpoint(join(path, checkpointFolder), { after, upTo });
    },
    async begin(before) {
      const expected = manifest.weights.before;
      if (expected === null) return writeManifest({ weights: { before, after: null } });
      if (expected === before) return;
      throw new RunError(`the model is not the one that the run in ${path} began with`, {
        place: { file: join(path, manifestFile), key: "weights.before" },
        hint: "Put the original model back, or begin a new run in another output folder (output=...).",
      });
    },
    logStep: (line, seconds) => {
      metrics.append(line);
      const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
      timings.append({ step: line.step, seconds: Number(seconds.toFixed(3)), megabytes });
    },
    logTrajectory: (point) => trajectory.append(point),
    logBytes: () => Object.fromEntries(logFiles.map((name, i) => [name, (logs[i] as JsonLines).bytes])),
    async writeCheckpoint(stored, keep) {
      for (const log of logs) log.sync();
      return writeCheckpoint(join(path, checkpointFolder), stored, keep);
    },
    writeJson: (name, value) => writeFileAtomic(join(path, name), `${JSON.stringify(value, null, 1)}\n`),
    async finish(after) {
      await writeManifest({ weights: { ...manifest.weights, after }, finished: true });
      await rm(join(path, checkpointFolder), { recursive: true, force: true });
    },
    [Symbol.dispose]() {
      for (const log of logs) log.close();
    },
  };
}

/** All logs, cut to where the checkpoint left them, or none open. */
function openLogs(path: string, restored: StoredCheckpoint | undefined): JsonLines[] {
  const logs: JsonLines[] = [];
  try {
    for (const name of logFiles) {
      logs.push(openJsonLines(join(path, name), { keepBytes: restored?.logBytes[name] ?? 0 }));
    }
  } catch (error) {
    for (const log of logs) log.close();
    throw error;
  }
  return logs;
}

async function hashFiles(files: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all([...new Set(files)].map(async (file) => [file, await sha256File(file)] as const)),
  );
}

function checkData(path: string, before: RunManifest["data"], now: RunManifest["data"]): void {
  const changed = Object.keys(now).find((file) => before[file] !== now[file]);
  if (changed === undefined) return;
  throw new RunError(`${changed} is not what it was when the run in ${path} began`, {
    place: { file: changed },
    hint: "Put the file back as it was, or begin a new run in another output folder (output=...).",
  });
}

function describeRun(options: RunDetails, data: RunManifest["data"]): RunManifest {
  return {
    format: 1,
    lethe: version,
    created: new Date().toISOString(),
    command: [...options.command],
    seeds: { run: options.seed },
    data,
    weights: { before: null, after: null },
    hardware: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memory: totalmem(),
      device: options.device,
    },
    versions: { node: process.versions.node, onnxruntime: options.onnxruntime },
    choices: [...options.choices],
    finished: false,
  };
}
