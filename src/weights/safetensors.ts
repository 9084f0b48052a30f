// Reads safetensors files: the header is checked whole before a single offset is trusted, and the numbers are never copied.
// Format: 8 bytes little-endian header length, a JSON header, the tensors' bytes without gaps
// (https://huggingface.co/docs/safetensors). Knows nothing of models.

import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { ModelError } from "../core/errors.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "../core/json-file.ts";
import type { MappedMemory } from "../runtime/backend.ts";
import { mapFile } from "../runtime/mapped-file.ts";
import type { DType } from "../tensor/tensor.ts";
import type { FileBytes } from "./file-bytes.ts";

export type StoredDType = "BF16" | "F16" | "F32" | "F64" | "I64" | "I32" | "U8" | "BOOL";

export const bytesPerElement: Readonly<Record<StoredDType, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U8: 1,
  BOOL: 1,
};

/** A tensor inside a weight file; valid until the file is disposed. */
export interface StoredTensor {
  readonly name: string;
  readonly file: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** The bytes [start, end) of this tensor (default: all), little-endian, not copied, not necessarily aligned. One view spans at most 4 GiB. */
  bytes(start?: number, end?: number): Uint8Array;
  /** Where the tensor lies, for `Backend.mapped`. */
  memory(): MappedMemory;
}

export interface SafetensorsFile extends Disposable {
  readonly file: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
  dispose(): void;
}

/** One tensor's line in the header; `start` and `end` are positions in the file. */
interface TensorRange {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

const maxHeaderBytes = 100_000_000;

/** The element type that the engine knows a stored tensor by. @throws ModelError for F64 and U8, which it does not. */
export function engineDType(tensor: StoredTensor): DType {
  const dtype = engineDTypes[tensor.dtype];
  if (dtype) return dtype;
  throw new ModelError(
    `${tensor.file}: tensor "${tensor.name}" is stored as ${tensor.dtype}, which models cannot use`,
    {
      hint: "Convert it to F32, BF16 or F16.",
      place: { file: tensor.file, key: tensor.name },
    },
  );
}

const engineDTypes: Readonly<Partial<Record<StoredDType, DType>>> = {
  F32: "float32",
  BF16: "bfloat16",
  F16: "float16",
  I64: "int64",
  I32: "int32",
  BOOL: "bool",
};

/**
 * Opens a file by mapping it into memory. Dispose it only when nothing reads its tensors any more.
 * @throws ModelError when the file is missing or its header is wrong in any way.
 */
export function openSafetensors(file: string): SafetensorsFile {
  checkHeaderLength(file); // before mapping: an empty file cannot be mapped
  const bytes = mapFile(file);
  try {
    return readSafetensors(bytes, file);
  } catch (error) {
    bytes.dispose();
    throw error;
  }
}

/** The same over bytes that are open already. `file` names them in errors. @throws ModelError */
export function readSafetensors(bytes: FileBytes, file: string): SafetensorsFile {
  const { ranges, metadata } = parseHeader(bytes, file);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, start, end } of ranges) {
    const byteLength = end - start;
    tensors.set(name, {
      name,
      file,
      dtype,
      shape,
      byteLength,
      bytes: (from = 0, to = byteLength) => {
        if (!(from >= 0 && from <= to && to <= byteLength)) {
          throw new RangeError(`bytes ${from} to ${to} are outside tensor "${name}" of ${byteLength} bytes`);
        }
        return bytes.view(start + from, to - from);
      },
      memory: () => bytes.memory(start, byteLength),
    });
  }
  const dispose = () => bytes.dispose();
  return { file, tensors, metadata, dispose, [Symbol.dispose]: dispose };
}

/** @throws ModelError */
function parseHeader(
  bytes: Pick<FileBytes, "size" | "view">,
  file: string,
): { readonly ranges: readonly TensorRange[]; readonly metadata: Readonly<Record<string, string>> } {
  const headerBytes = headerLength(bytes.size >= 8 ? bytes.view(0, 8) : new Uint8Array(), bytes.size, file);
  const dataStart = 8 + headerBytes;
  const header = parseJsonObject(bytes.view(8, headerBytes), file);
  const metadata = parseMetadata(header, file);
  const ranges = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => parseEntry(name, entry, dataStart, bytes.size, file))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let position = dataStart;
  for (const { name, start, end } of ranges) {
    if (start !== position) {
      const problem = start < position ? "overlaps the tensor before it" : `leaves ${start - position} bytes unused`;
      throw wrong(file, name, `begins at byte ${start - dataStart} of the data, which ${problem}`);
    }
    position = end;
  }
  if (position !== bytes.size) {
    throw wrong(file, undefined, `${bytes.size - position} bytes after the last tensor belong to none`);
  }
  return { ranges, metadata };
}

function parseEntry(name: string, entry: unknown, dataStart: number, fileSize: number, file: string): TensorRange {
  const fail = (problem: string, hint?: string) => wrong(file, name, problem, hint);
  if (!isJsonObject(entry)) throw fail(`its header entry is ${show(entry)}, not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isStoredDType(dtype)) {
    const readable = Object.keys(bytesPerElement).join(", ");
    throw fail(`dtype is ${show(dtype)}; readable are ${readable}`, "Convert the weights to BF16, F16 or F32.");
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw fail(`shape is ${show(shape)}, not a list of non-negative integers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw fail(`data_offsets is ${show(offsets)}, not two non-negative integers`);
  }
  const [from, to] = offsets as [number, number];
  if (to < from) throw fail(`data_offsets ${show(offsets)} end before they begin`);
  if (to > fileSize - dataStart) {
    throw fail(
      `needs data up to byte ${to}, but the file holds ${fileSize - dataStart} bytes of data`,
      "The file is truncated; download or export it again.",
    );
  }
  const size = (shape as number[]).includes(0) ? 0 : (shape as number[]).reduce((product, n) => product * n, 1);
  const expected = size * bytesPerElement[dtype];
  if (expected !== to - from) {
    throw fail(`shape ${show(shape)} of ${dtype} takes ${expected} bytes, but data_offsets span ${to - from}`);
  }
  return { name, dtype, shape, start: dataStart + from, end: dataStart + to };
}

function parseMetadata(header: JsonObject, file: string): Readonly<Record<string, string>> {
  const metadata = Object.hasOwn(header, "__metadata__") ? header.__metadata__ : {};
  if (!isJsonObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw wrong(file, undefined, `__metadata__ is ${show(metadata)}, not an object of strings`);
  }
  return metadata as Record<string, string>;
}

/** Length of the JSON header from the file's first 8 bytes. */
function headerLength(start: Uint8Array, fileSize: number, file: string): number {
  if (start.byteLength < 8) {
    throw wrong(file, undefined, `has ${fileSize} bytes; a safetensors file begins with an 8-byte length`, truncated);
  }
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw wrong(file, undefined, `says its header has ${length} bytes; at most ${maxHeaderBytes} are allowed`);
  }
  if (length > BigInt(fileSize - 8)) {
    throw wrong(file, undefined, `says its header has ${length} bytes, but ${fileSize - 8} follow`, truncated);
  }
  return Number(length);
}

function checkHeaderLength(file: string): void {
  let descriptor: number;
  try {
    // Opening a pipe would wait for a writer, maybe for ever.
    if (!statSync(file).isFile()) throw wrong(file, undefined, "is not a file");
    descriptor = openSync(file, "r");
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`cannot open ${file}: ${(error as Error).message}`, { place: { file }, cause: error });
  }
  try {
    const status = fstatSync(descriptor);
    const start = new Uint8Array(8);
    const read = readSync(descriptor, start);
    headerLength(start.subarray(0, read), status.size, file);
  } finally {
    closeSync(descriptor);
  }
}

const truncated = "The file is truncated or no safetensors file; download or export it again.";
const isSize = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isStoredDType = (value: unknown): value is StoredDType =>
  typeof value === "string" && Object.hasOwn(bytesPerElement, value);

/** A value as an error shows it, short. */
const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

function wrong(file: string, tensor: string | undefined, problem: string, hint?: string): ModelError {
  const where = tensor === undefined ? "" : `tensor "${tensor.slice(0, 200)}": `;
  return new ModelError(`${file}: ${where}${problem}`, {
    hint: hint ?? "The file is damaged or was written by a faulty program; download or export it again.",
    place: tensor === undefined ? { file } : { file, key: tensor.slice(0, 200) },
  });
}
