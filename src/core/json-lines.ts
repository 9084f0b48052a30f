// An append-only file of JSON lines, such as metrics.jsonl. Whole lines only: a line torn by a kill or a full disk is taken back.
// Knows nothing of what the lines mean.

import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { RunError } from "./errors.ts";
import { explainFileFailure } from "./files.ts";

export interface JsonLines {
  readonly path: string;
  /** Size of the file in bytes, always the end of a whole line: a checkpoint stores it to cut the file back to when resumed. */
  readonly bytes: number;
  /** Writes one line at once (not yet synced to the disk). NaN and infinities become `null`, as JSON has no word for them. */
  append(record: object): void;
  /** Returns when everything appended is on the disk. */
  sync(): void;
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Opens `path` for appending, making it and its folders if needed. `keepBytes` cuts the file to that size first (0 starts anew);
 * by default all whole lines are kept and a torn last one is dropped.
 * @throws RunError when the file is shorter than `keepBytes`; FileError when it cannot be opened or a line cannot be written; the file then ends with the line before.
 */
export function openJsonLines(path: string, options: { readonly keepBytes?: number } = {}): JsonLines {
  let descriptor: number | undefined;
  let bytes = 0;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(path, "a+");
    bytes = options.keepBytes ?? endOfLastLine(descriptor);
    if (bytes > fstatSync(descriptor).size) {
      throw new RunError(`${path} holds ${fstatSync(descriptor).size} bytes, fewer than the ${bytes} to keep`, {
        hint: "The file was shortened after the checkpoint was written: restore it, or begin a new run in another folder.",
        place: { file: path },
      });
    }
    ftruncateSync(descriptor, bytes);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw explainFileFailure(error, path, "write");
  }

  const use = <T>(work: (file: number) => T): T => {
    if (descriptor === undefined) throw new Error(`${path} is closed`);
    try {
      return work(descriptor);
    } catch (error) {
      throw explainFileFailure(error, path, "write");
    }
  };
  const close = () => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    path,
    get bytes() {
      return bytes;
    },
    append(record) {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      use((file) => {
        try {
          for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
        } catch (error) {
          ftruncateSync(file, bytes);
          throw error;
        }
      });
      bytes += line.length;
    },
    sync: () => use(fsyncSync),
    close,
    [Symbol.dispose]: close,
  };
}

/** Bytes up to and including the last newline. */
function endOfLastLine(descriptor: number): number {
  const piece = Buffer.alloc(64 * 1024);
  for (let end = fstatSync(descriptor).size; end > 0; ) {
    const start = Math.max(0, end - piece.length);
    const read = readSync(descriptor, piece, 0, end - start, start);
    const newline = piece.subarray(0, read).lastIndexOf(10);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
