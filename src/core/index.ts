// The public face of this layer. Re-exports only.

export { type Config, type ConfigSource, loadConfig, parseConfig } from "./config.ts";
export {
  ConfigError,
  DataError,
  FileError,
  LetheError,
  type LetheErrorOptions,
  ModelError,
  type Place,
  RunError,
  RuntimeFailure,
  ShapeError,
} from "./errors.ts";
export { type Reporter, type StepEnd, silent, type TaskEvent, type TaskEventType } from "./events.ts";
export { sha256, sha256File, writeFileAtomic, writeFileAtomicWith } from "./files.ts";
export { type FolderLock, lockFolder } from "./folder-lock.ts";
export { type JsonLines, openJsonLines } from "./json-lines.ts";
export { type AutomaticChoice, automaticChoice, type RunManifest, runManifest } from "./manifest.ts";
export { type MetricsLogLine, metricsLogLine } from "./metrics-log.ts";
export { describeNames, editDistance, nearestNames } from "./nearest.ts";
export { createRandom, type Random } from "./random.ts";
export { createRegistry, type Entry, type Registry } from "./registry.ts";
