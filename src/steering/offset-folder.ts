// The folder of a run that learned an offset: `model/` is the trained small model Mo′, `offset.json` says what it is held against and which model it
// steers. Knows files; knows neither training nor inference.

import { existsSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { z } from "zod";
import { ModelError, RunError } from "../core/errors.ts";
import { writeFileAtomic } from "../core/files.ts";
import { readJsonObject } from "../core/json-file.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const offsetFile = z.strictObject({
  /** α: how much of the offset is added. */
  alpha: z.number().finite(),
  /** Mo, which Mo′ began as: a hub id, or a folder relative to this one. `sha256` is over its weights (models/weights-hash.ts). */
  small: z.strictObject({ path: z.string(), sha256 }),
  /**
   * M: `name` as the run was given it; `path` from this folder to M's, missing for a hub id, for what is behind an address, and in older files;
   * `sha256` missing where its weights could not be read.
   */
  model: z.strictObject({ name: z.string(), path: z.string().optional(), sha256: sha256.optional() }),
  /** steering/vocabulary.ts */
  vocabulary: sha256,
});
export type OffsetDescription = z.output<typeof offsetFile>;

export interface OffsetFolder extends OffsetDescription {
  /** The run folder. */
  readonly path: string;
  /** Folder of Mo′. */
  readonly tuned: string;
  /** Mo: `small.path` as this process can open it. */
  readonly frozen: string;
  /** M as this process can open it, wherever it began: the folder at `model.path`, or `model.name` where there is no path, or nothing lies there and something is so named here. */
  readonly steered: string;
}

const fileName = "offset.json";

/** True for the folder of a run of scope `offset`, finished or not. */
export const isOffsetFolder = (runFolder: string): boolean => existsSync(join(runFolder, fileName));

/** @throws ModelError when the folder is no such run's, the run was not finished, or Mo is not where it was */
export function openOffset(runFolder: string): OffsetFolder {
  const file = join(runFolder, fileName);
  if (!existsSync(file)) {
    throw new ModelError(`${runFolder} holds no offset: there is no ${fileName}`, {
      hint: "Give the run folder of an unlearning with scope: offset.",
      place: { file },
    });
  }
  const parsed = offsetFile.safeParse(readJsonObject(file));
  if (!parsed.success) {
    throw new ModelError(`${file} is damaged: ${z.prettifyError(parsed.error)}`, { place: { file } });
  }
  const tuned = join(runFolder, "model");
  if (!existsSync(join(tuned, "config.json"))) {
    throw new ModelError(`${runFolder} has no model/ yet: its run did not come to its end`, {
      hint: "Go on with it: lethe unlearn … --resume.",
      place: { file: tuned },
    });
  }
  const { small, model } = parsed.data;
  const beside = resolve(runFolder, small.path);
  const isThere = existsSync(beside);
  // No hub id begins so.
  if (!isThere && (small.path.startsWith("..") || isAbsolute(small.path))) {
    throw new ModelError(`the small model that ${runFolder} began from is not at ${beside}`, {
      hint: "Their difference is the offset: put it back, or say in offset.json where it lies from there (small.path).",
      place: { file, key: "small.path" },
    });
  }
  const frozen = isThere ? beside : small.path;
  const folder = model.path === undefined ? undefined : resolve(runFolder, model.path);
  const moved = folder !== undefined && !existsSync(folder) && existsSync(model.name);
  const steered = folder === undefined || moved ? model.name : folder;
  return { ...parsed.data, path: runFolder, tuned, frozen, steered };
}

/**
 * `small.path` and `model.path` are folders as the run was given them, or hub ids.
 * @throws RunError when the run began with another model M: a resumed run would train on two of them
 */
export async function writeOffset(runFolder: string, description: OffsetDescription): Promise<void> {
  const { small, model } = description;
  const file = join(runFolder, fileName);
  const earlier = existsSync(file) ? offsetFile.safeParse(readJsonObject(file)).data : undefined;
  if (earlier?.model.sha256 !== undefined && earlier.model.sha256 !== model.sha256) {
    throw new RunError(`${model.name} is not the model that the run in ${runFolder} began to steer`, {
      hint: "Put the original model back, or begin a new run in another output folder (output=...).",
      place: { file, key: "model.sha256" },
    });
  }
  const fromRun = (path = "") => (existsSync(path) ? relative(runFolder, path) : undefined);
  const content = offsetFile.parse({
    ...description,
    small: { ...small, path: fromRun(small.path) ?? small.path },
    model: { ...model, path: fromRun(model.path) },
  });
  await writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
