// A run is a folder, and the folder is the truth: resolved config, manifest, logs, checkpoints, results. Writes it; one process at a time.
// Knows nothing of what the run does.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { RunError } from "../core/errors.ts";
import { sha256File, writeFileAtomic } from "../core/files.ts";
import { lockFolder } from "../core/folder-lock.ts";
import { readJsonObject } from "../core/json-file.ts";
import { type JsonLines, openJsonLines } from "../core/json-lines.ts";
import { type AutomaticChoice, type RunManifest, runManifest } from "../core/manifest.ts";
import type { MetricsLogLine } from "../core/metrics-log.ts";
import { version } from "../core/version.ts";
import { type LogBytes, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./fit.ts";

export interface RunFolderOptions {
  readonly path: string;
  /** The resolved configuration. */
  readonly yaml: string;
  /** The command as typed, for the manifest. */
  readonly command: readonly string[];
  readonly seed: number;
  /** Data files the run reads. */
  readonly dataFiles: readonly string[];
  readonly device: string;
  readonly onnxruntime: string;
  readonly choices: readonly AutomaticChoice[];
  /** Go on where a killed run of the same configuration stopped. */
  readonly resume: boolean;
}

export interface RunFolder extends Disposable {
  readonly path: string;
  /** Where to go on, when resuming. */
  readonly checkpoint: Checkpoint | undefined;
  logStep(line: MetricsLogLine, seconds: number): void;
  /** Appends to evaluation/trajectory.jsonl. */
  logTrajectory(point: object): void;
  /** Makes a checkpoint the one to resume from. Returns its path. */
  writeCheckpoint(checkpoint: Checkpoint): Promise<string>;
  writeJson(name: string, value: unknown): Promise<void>;
  /** Completes the manifest: the run is finished. */
  finish(weights: { before: string | null; after: string | null }): Promise<void>;
}

const configFile = "config.yaml";
const manifestFile = "manifest.json";

/**
 * Creates the folder, or opens it to resume.
 * @throws RunError when it is in use, holds another run, or cannot be resumed; FileError when it cannot be written.
 */
export async function openRunFolder(options: RunFolderOptions): Promise<RunFolder> {
  const { path, resume } = options;
  const lock = lockFolder(path);
  try {
    return await openLocked(options, () => lock.release(), resume);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openLocked(options: RunFolderOptions, release: () => void, resume: boolean): Promise<RunFolder> {
  const { path } = options;
  const manifestPath = join(path, manifestFile);
  const found = existsSync(manifestPath) ? await checkEarlier(options, resume) : undefined;
  const restored = found && resume ? await readCheckpoint(join(path, "checkpoints")) : undefined;
  const manifest: RunManifest = found ?? (await describeRun(options));
  await writeFileAtomic(join(path, configFile), options.yaml);
  const writeManifest = (value: RunManifest) => writeFileAtomic(manifestPath, `${JSON.stringify(value, null, 2)}\n`);
  await writeManifest(manifest);

  const open = (name: string): JsonLines =>
    openJsonLines(join(path, name), { keepBytes: restored?.logBytes[name] ?? 0 });
  const logs = {
    metrics: open("metrics.jsonl"),
    timings: open("timings.jsonl"),
    trajectory: open("evaluation/trajectory.jsonl"),
  };
  return {
    path,
    checkpoint: restored?.checkpoint,
    logStep: (line, seconds) => {
      logs.metrics.append(line);
      logs.timings.append({ step: line.step, seconds: Number(seconds.toFixed(3)) });
    },
    logTrajectory: (point) => logs.trajectory.append(point),
    async writeCheckpoint(checkpoint) {
      const logBytes: Record<string, number> = {};
      for (const log of Object.values(logs)) {
        log.sync();
        logBytes[log.path.slice(path.length + 1)] = log.bytes;
      }
      return writeCheckpoint(join(path, "checkpoints"), checkpoint, logBytes as LogBytes);
    },
    writeJson: (name, value) => writeFileAtomic(join(path, name), `${JSON.stringify(value, null, 1)}\n`),
    finish: (weights) => writeManifest({ ...manifest, weights, finished: true }),
    [Symbol.dispose]() {
      for (const log of Object.values(logs)) log.close();
      release();
    },
  };
}

/** The earlier run's manifest, if this run may go on in its folder. */
async function checkEarlier({ path, yaml }: RunFolderOptions, resume: boolean): Promise<RunManifest | undefined> {
  const file = join(path, manifestFile);
  const parsed = runManifest.safeParse(readJsonObject(file));
  const place = { file };
  if (!parsed.success) {
    throw new RunError(`${file} is damaged`, { place, hint: "Choose another output folder, or delete this one." });
  }
  if (!resume) {
    throw new RunError(`${path} already holds a ${parsed.data.finished ? "finished" : "cut-off"} run`, {
      place: { file: path },
      hint: parsed.data.finished
        ? "Choose another output folder (output=...), or delete this one."
        : "Add --resume to go on with it, or choose another output folder (output=...).",
    });
  }
  if (parsed.data.finished) {
    throw new RunError(`the run in ${path} is finished; there is nothing to resume`, { place: { file: path } });
  }
  if ((await readFile(join(path, configFile), "utf8").catch(() => "")) !== yaml) {
    throw new RunError(`the run in ${path} has another configuration`, {
      place: { file: join(path, configFile) },
      hint: `Resume with the configuration it began with: --config ${join(path, configFile)}`,
    });
  }
  return parsed.data;
}

async function describeRun(options: RunFolderOptions): Promise<RunManifest> {
  const hashes = await Promise.all(options.dataFiles.map(async (file) => [file, await sha256File(file)] as const));
  return {
    format: 1,
    lethe: version,
    created: new Date().toISOString(),
    command: [...options.command],
    seeds: { run: options.seed },
    data: Object.fromEntries(hashes),
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
