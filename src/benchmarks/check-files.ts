// Before anything runs: is every file of a benchmark there, and does it hold what it should?

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { DataError } from "../core/errors.ts";
import { nearestNames } from "../core/nearest.ts";
import { loadRecords } from "../data/load-records.ts";
import { hintOf } from "./data-folder.ts";
import type { BenchmarkConfig } from "./options.ts";
import { filesOf, pathIn } from "./sets.ts";

type Declared = Pick<BenchmarkConfig, "title" | "sets" | "hub" | "published" | "unlearn">;

/** @throws DataError naming every file that is missing, or the first that holds another number of records than declared. */
export async function checkFiles(config: Declared, folder: string, signal?: AbortSignal): Promise<void> {
  const files = Object.values(config.sets).flatMap(filesOf);
  const { refusals } = config.unlearn;
  const paths = new Set([...files.map(({ path }) => path), ...(refusals === undefined ? [] : [refusals])]);
  refuseMissing(config, folder, [...paths]);
  // Several sets may be made of one file, and not each says how many it holds.
  const counted = new Map(files.map((file) => [JSON.stringify([file.path, file.split, file.records]), file]));
  for (const { path, records, format, split } of counted.values()) {
    if (records === undefined) continue;
    const { records: found } = await loadRecords({
      path: pathIn(folder, path),
      ...(format ? { format } : {}),
      ...(split ? { split } : {}),
      ...(signal ? { signal } : {}),
    });
    if (found.length === records) continue;
    throw new DataError(`${path} holds ${found.length} records; ${config.title} has ${records} there`, {
      place: { file: pathIn(folder, path) },
      hint: "Was it cut off, or is it another version? Numbers measured on it would not compare with any published ones.",
    });
  }
}

function refuseMissing(config: Declared, folder: string, paths: readonly string[]): void {
  const { title } = config;
  const published = hintOf(config);
  if (!existsSync(folder)) {
    throw new DataError(`there is no folder ${folder} with the files of ${title}`, {
      place: { file: folder, key: "data" },
      hint: published,
    });
  }
  const missing = paths.filter((path) => !existsSync(resolve(folder, path)));
  const [first] = missing;
  if (first === undefined) return;
  const beside = dirname(pathIn(folder, first));
  const near = existsSync(beside) ? nearestNames(basename(first), readdirSync(beside)) : [];
  throw new DataError(
    `${title} needs ${missing.join(", ")}, which ${missing.length === 1 ? "is" : "are"} not in ${folder}`,
    {
      place: { file: pathIn(folder, first), key: "data" },
      hint: `${near.length > 0 ? `It holds ${near.join(", ")}. ` : ""}${published}`,
    },
  );
}
