// Writes safetensors files: streaming, atomic, and the same bytes for the same tensors in whatever order they come.
// Knows nothing of models.

import type { FileHandle } from "node:fs/promises";
import { ModelError } from "../core/errors.ts";
import { writeFileAtomicWith } from "../core/files.ts";
import { bytesPerElement, type StoredDType, type StoredTensor } from "./safetensors.ts";

/** A tensor to write. `data` is its bytes, or a function that makes them when their turn comes, so that one tensor is held at a time. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | (() => ArrayBufferView | Promise<ArrayBufferView>);
}

export interface WriteSafetensorsOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** A tensor of an open file, to be written elsewhere as it is. */
export function copyOf(tensor: StoredTensor, name = tensor.name): TensorToWrite {
  return { name, dtype: tensor.dtype, shape: tensor.shape, data: () => tensor.bytes() };
}

/** Bytes that the tensor takes in a file. */
export function byteLengthOf({ shape, dtype }: Pick<TensorToWrite, "shape" | "dtype">): number {
  return shape.reduce((product, size) => product * size, 1) * bytesPerElement[dtype];
}

/**
 * Writes `tensors` to `path`. Larger elements come first, then names in order, so that every tensor is aligned.
 * @throws FileError when the disk is full or the file cannot be written; ModelError when a tensor's data does not fit its shape or a
 * name occurs twice. Either way nothing is left behind and an older file stays.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  { metadata = { format: "pt" }, signal }: WriteSafetensorsOptions = {},
): Promise<void> {
  const sorted = [...tensors].sort(
    (a, b) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype] || (a.name < b.name ? -1 : 1),
  );
  const header = encodeHeader(path, sorted, metadata);
  await writeFileAtomicWith(path, async (file) => {
    await writeAll(file, header, signal);
    for (const tensor of sorted) {
      const data = typeof tensor.data === "function" ? await tensor.data() : tensor.data;
      const expected = byteLengthOf(tensor);
      if (data.byteLength !== expected) {
        throw new ModelError(
          `${path}: tensor "${tensor.name}" of shape [${tensor.shape}] and ${tensor.dtype} takes ${expected} bytes, got ${data.byteLength}`,
          { place: { file: path, key: tensor.name } },
        );
      }
      await writeAll(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), signal);
    }
  });
}

function encodeHeader(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, unknown][] = [["__metadata__", metadata]];
  const names = new Set(["__metadata__"]);
  let offset = 0;
  for (const tensor of tensors) {
    if (names.has(tensor.name)) {
      throw new ModelError(`${path}: two tensors are named "${tensor.name}"`, {
        place: { file: path, key: tensor.name },
      });
    }
    names.add(tensor.name);
    const end = offset + byteLengthOf(tensor);
    entries.push([tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Written by hand because an object would move names that look like integers to the front.
  const json = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.byteLength / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

/** In pieces, so that an abort is heard and no single write exceeds what the system call takes. */
async function writeAll(file: FileHandle, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  const piece = 1 << 26;
  for (let start = 0; start < bytes.byteLength; ) {
    signal?.throwIfAborted();
    const length = Math.min(piece, bytes.byteLength - start);
    start += (await file.write(bytes, start, length)).bytesWritten;
  }
}
