// Records from a path: finds out the format, reads, checks. Knows no format itself and nothing of tokens.

import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
import { ConfigError, DataError } from "../core/errors.ts";
import { explainFileFailure } from "../core/files.ts";
import type { RecordFormat } from "./formats/format.ts";
import { formats } from "./formats/index.ts";
import { firstKeys } from "./json-scan.ts";
import { type DataRecord, describeRecord } from "./record.ts";
import { openSource, type SourceFile } from "./source-file.ts";

export interface LoadOptions {
  /** A file, or a folder of .txt and .md files. */
  readonly path: string;
  /** A name in `formats`; found out from the file's beginning when absent. */
  readonly format?: string;
  /** Part of a file that holds several, such as "train". */
  readonly split?: string;
  /** Read at most this many records (from the beginning). */
  readonly limit?: number;
  /** How plain text becomes documents; default "blank-line". */
  readonly documents?: "blank-line" | "file";
  readonly signal?: AbortSignal;
}

export interface LoadedRecords {
  readonly path: string;
  readonly records: readonly DataRecord[];
  /** The files they were read from, those of a folder in order of name. */
  readonly files: readonly string[];
  readonly format: string;
  /** Why that format: "asked for", or what in the file showed it. */
  readonly reason: string;
}

/**
 * Reads a data set.
 * @throws DataError with file and line for a bad record, an empty file, an id used twice, an unknown split;
 * ConfigError for an unknown format or a bad limit; FileError when the file cannot be read.
 * @example
 * const { records, format, reason } = await loadRecords({ path: "forget.jsonl", limit: 100 });
 */
export async function loadRecords(options: LoadOptions): Promise<LoadedRecords> {
  const { path, limit = Number.POSITIVE_INFINITY, signal } = options;
  if (!(limit >= 1) || (Number.isFinite(limit) && !Number.isInteger(limit))) {
    throw new ConfigError(`limit must be a whole number of at least 1, got ${limit}`);
  }
  const files = await sourceFiles(path, signal);
  const { format, reason } = await chooseFormat(path, files, options.format);
  if (options.split !== undefined && !format.splits) {
    throw new DataError(`files in the format ${format.name} have no splits, so "${options.split}" cannot be chosen`, {
      hint: "Leave the split out, or give the file of that split.",
      place: { file: path },
    });
  }

  const records: DataRecord[] = [];
  const seen = new Map<string, DataRecord>();
  reading: for (const { source, name } of files) {
    const { split, documents } = options;
    const read = format.read(source, {
      name,
      ...(split === undefined ? {} : { split }),
      ...(documents ? { documents } : {}),
    });
    for await (const record of read) {
      signal?.throwIfAborted();
      const earlier = seen.get(record.id);
      if (earlier) {
        throw new DataError(`the id "${record.id}" is used twice: first by ${describeRecord(earlier)}`, {
          hint: "Give every record its own id, or none.",
          ...(record.place ? { place: { ...record.place, key: "id" } } : {}),
        });
      }
      seen.set(record.id, record);
      records.push(record);
      if (records.length >= limit) break reading;
    }
  }
  if (records.length === 0) {
    throw new DataError("there are no records in it", { hint: `${format.expected}.`, place: { file: path } });
  }
  return { path, records, files: files.map(({ source }) => source.path), format: format.name, reason };
}

interface NamedSource {
  readonly source: SourceFile;
  readonly name: string;
}

async function sourceFiles(path: string, signal?: AbortSignal): Promise<NamedSource[]> {
  const open = (file: string) => openSource(file, signal ? { signal } : {});
  try {
    if (!(await stat(path)).isDirectory()) return [{ source: open(path), name: basename(path, extname(path)) }];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && /\.(txt|md)$/i.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (files.length === 0) {
      throw new DataError("this folder has no .txt or .md file", {
        hint: "Give the path of one data file, or of a folder of plain texts.",
        place: { file: path },
      });
    }
    return files.map((file) => ({ source: open(file), name: relative(path, file) }));
  } catch (error) {
    throw explainFileFailure(error, path, "read");
  }
}

async function chooseFormat(
  path: string,
  files: readonly NamedSource[],
  asked: string | undefined,
): Promise<{ format: RecordFormat; reason: string }> {
  if (asked !== undefined) return { format: await formats.get(asked), reason: "asked for" };
  const first = files[0]?.source;
  if (!first || files.length > 1) return { format: await formats.get("text"), reason: "a folder of plain texts" };

  const head = await first.head();
  if (head.trim() === "") {
    throw new DataError("the file is empty", { hint: "Was it written completely?", place: { file: path } });
  }
  const { array, keys } = firstKeys(head);
  const json = /^\ufeff?\s*[[{]/.test(head);
  for (const name of formats.names()) {
    const format = await formats.get(name);
    const reason = format.recognise({ path: first.path, json, array, keys });
    if (reason !== undefined) return { format, reason };
  }
  const got =
    keys.size === 0
      ? "no JSON object at its beginning"
      : `a first object with the keys ${[...keys].join(", ").slice(0, 200)}`;
  throw new DataError(`cannot tell the format of this file: ${got}`, {
    hint: `Name the format (${formats.names().join(", ")}) or change the file: qa-jsonl wants {"question", "answer"} on each line.`,
    place: { file: path },
  });
}
