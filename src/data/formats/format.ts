// What a file format is: how to recognise it and how to read records from it. Knows no particular format.

import type { DataRecord } from "../record.ts";
import type { SourceFile } from "../source-file.ts";

/** What can be seen of a file before it is read. */
export interface FileHead {
  readonly path: string;
  /** Begins with `[` or `{`. */
  readonly json: boolean;
  /** A JSON array is around the records. */
  readonly array: boolean;
  /** Keys of the first JSON object; empty when it is not JSON. */
  readonly keys: ReadonlySet<string>;
}

export interface ReadOptions {
  /** Part of a file that holds several, such as "train". */
  readonly split?: string;
  /** How plain text becomes documents: at blank lines, or one per file. */
  readonly documents?: "blank-line" | "file";
  /** What record ids begin with. */
  readonly name: string;
}

export interface RecordFormat {
  readonly name: string;
  /** True when a file holds parts that `split` chooses between. */
  readonly splits?: true;
  /** What the reader expects, one line, shown in errors. */
  readonly expected: string;
  /** Why a file that begins like this is in this format; undefined when it is not. */
  recognise(head: FileHead): string | undefined;
  /** @throws DataError with file and line for everything that is not as expected. */
  read(file: SourceFile, options: ReadOptions): AsyncGenerator<DataRecord>;
}
