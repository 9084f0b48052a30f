// Rows that never change, kept in a file: what M says after a text, in float16, and Mo behind its final norm, in float32. Records of one size, appended;
// a file that was cut off goes on behind its last whole record. Read through a mapping, so that it may be larger than memory. Knows no model.

import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, statfsSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { FileError } from "../core/errors.ts";
import { explainFileFailure, sha256 } from "../core/files.ts";
import { lockFolder } from "../core/folder-lock.ts";
import { f16ToF32, f32ToF16 } from "../runtime/half-floats.ts";
import { type MappedFile, mapFile } from "../runtime/mapped-file.ts";
import { LOWEST_LOGIT } from "./vocabulary.ts";

/** What the rows of a file have in common: another model, another file. */
export interface StoreIdentity {
  /** What tells M from any other: a hash of its weights, or where it is asked under which name. */
  readonly model: string;
  /** SHA-256 of Mo's weights. */
  readonly frozen: string;
  /** Numbers of a row of M. */
  readonly vocabularySize: number;
  /** Numbers of a row of Mo. */
  readonly hiddenSize: number;
}

export interface StoredRow {
  /** l_M up to a constant, [vocabularySize] */
  readonly logits: Float32Array;
  /** [hiddenSize] */
  readonly hidden: Float32Array;
}

export interface LogitStore extends Disposable {
  readonly path: string;
  readonly rowBytes: number;
  /** Rows it holds. */
  readonly size: number;
  has(key: string): boolean;
  /** Copies a row to where it is wanted; false when it is not there. */
  read(key: string, into: StoredRow): boolean;
  /** Of a key that is there already nothing is written. @throws FileError when the disk is full */
  add(key: string, row: StoredRow): void;
  /** @throws FileError when the disk has no room for so many more rows */
  reserve(rows: number): void;
  dispose(): void;
}

const keyBytes = 16;

/** What a row is found by: the text up to its position and nothing else, since nothing else decides it. */
export function* rowKeys(ids: Int32Array, positions: Iterable<number>): Generator<string> {
  const hash = createHash("sha256");
  let read = 0;
  for (const position of positions) {
    hash.update(new Uint8Array(ids.buffer, ids.byteOffset + 4 * read, 4 * (position + 1 - read)));
    read = position + 1;
    yield hash.copy().digest().toString("latin1", 0, keyBytes);
  }
}

/** The store in `folder` for this identity; it begins empty where there is none. @throws RunError when another process has it open */
export function openLogitStore(folder: string, identity: StoreIdentity): LogitStore {
  const { vocabularySize, hiddenSize } = identity;
  const own = join(folder, sha256(JSON.stringify(identity)).slice(0, 16));
  const path = join(own, "rows");
  const logitBytes = 4 * Math.ceil((2 * vocabularySize) / 4);
  const rowBytes = keyBytes + logitBytes + 4 * hiddenSize;
  const lock = lockFolder(own);
  let file: number;
  try {
    file = openSync(path, existsSync(path) ? "r+" : "w+");
  } catch (error) {
    lock.release();
    throw explainFileFailure(error, path, "write");
  }
  const index = new Map<string, number>();
  let size = Math.floor(fstatSync(file).size / rowBytes);
  ftruncateSync(file, size * rowBytes);
  const key = Buffer.alloc(keyBytes);
  for (let row = 0; row < size; row++) {
    readSync(file, key, 0, keyBytes, row * rowBytes);
    index.set(key.toString("latin1"), row);
  }
  let mapped: { readonly file: MappedFile; readonly rows: number } | undefined;
  const buffer = new Uint8Array(rowBytes);
  const shifted = new Float32Array(vocabularySize);
  const halves = new Uint16Array(buffer.buffer, keyBytes, vocabularySize);
  const floats = new Float32Array(buffer.buffer, keyBytes + logitBytes, hiddenSize);

  /** The mapping does not see what is appended after it was made. */
  function mappingWith(row: number): MappedFile {
    if (!mapped || row >= mapped.rows) {
      mapped?.file.dispose();
      mapped = { file: mapFile(path), rows: size };
    }
    return mapped.file;
  }
  const dispose = () => {
    mapped?.file.dispose();
    mapped = undefined;
    if (file >= 0) closeSync(file);
    file = -1;
    lock.release();
  };
  return {
    path,
    rowBytes,
    get size() {
      return size;
    },
    has: (wanted) => index.has(wanted),
    read: (wanted, { logits, hidden }) => {
      const row = index.get(wanted);
      if (row === undefined) return false;
      buffer.set(mappingWith(row).view(row * rowBytes, rowBytes));
      logits.set(f16ToF32(halves));
      hidden.set(floats);
      return true;
    },
    add: (added, { logits, hidden }) => {
      if (index.has(added)) return;
      buffer.set(Buffer.from(added, "latin1"));
      // Nothing of a softmax changes when the largest becomes 0, and float16 is finest where it matters most.
      let largest = Number.NEGATIVE_INFINITY;
      for (const logit of logits) if (logit > largest) largest = logit;
      for (let id = 0; id < vocabularySize; id++) {
        shifted[id] = Math.max((logits[id] as number) - largest, LOWEST_LOGIT);
      }
      f32ToF16(shifted, halves);
      floats.set(hidden);
      try {
        writeSync(file, buffer, 0, rowBytes, size * rowBytes);
      } catch (error) {
        throw explainFileFailure(error, path, "write");
      }
      index.set(added, size++);
    },
    reserve: (rows) => {
      const { bavail, bsize } = statfsSync(dirname(path));
      const [need, free] = [rows * rowBytes, bavail * bsize];
      if (need <= free) return;
      throw new FileError(`${mebibytes(need)} of logits do not fit on the disk, which has ${mebibytes(free)} left`, {
        hint: "Name a folder on another disk (scope.store), or give fewer or shorter records.",
        place: { file: path },
      });
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
