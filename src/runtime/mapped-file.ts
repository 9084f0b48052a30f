// A file as memory: mapped read-only where the system can, read into a buffer where it cannot. Knows nothing of what the bytes mean.
// A read from memory that is no longer mapped ends the process, so the mapping goes only when nothing can read it any more.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { RuntimeFailure } from "../core/errors.ts";
import type { MappedMemory } from "./backend.ts";
import { type Address, addressOf, lastError, longestView, openLibrary, viewMemory } from "./ffi.ts";

export interface MappedFile extends Disposable {
  readonly path: string;
  readonly address: Address;
  /** Bytes. */
  readonly size: number;
  /** "mapped": pages come from the file when touched. "read": the whole file was read into memory. */
  readonly kind: "mapped" | "read";
  /** Why it was not mapped; empty when it was. */
  readonly why: string;
  /**
   * Bytes `offset` to `offset + length` without copy, read-only: writing ends the process. Shorter than 4 GiB.
   * Throws RuntimeFailure outside the file or after disposal.
   */
  view(offset: number, length: number): Uint8Array;
  /** The same range for `Backend.mapped`, of any length. */
  memory(offset: number, length: number): MappedMemory;
  /** Gives the file up. The mapping itself goes when the last tensor over it is disposed and the last view is collected. */
  dispose(): void;
}

interface Mapping {
  disposed: boolean;
  /** Views not yet collected, and tensors not yet disposed. */
  readers: number;
  unmap: (() => void) | undefined;
  /** The contents of a file that was read instead: the address is this buffer's. */
  readonly buffer: ArrayBuffer | undefined;
}

const mappings = new WeakMap<object, Mapping>();
const collectedViews = new FinalizationRegistry<Mapping>(leave);
const collectedFiles = new FinalizationRegistry<Mapping>(giveUp);

/** Marks a tensor over `owner`'s memory; the result says that it is gone. Owners that are no mapped file need no marking. */
export function holdMapping(owner: object): () => void {
  const mapping = mappings.get(owner);
  if (mapping === undefined) return () => {};
  if (mapping.disposed) throw new RuntimeFailure("a tensor over a mapped file that is disposed");
  mapping.readers++;
  return () => leave(mapping);
}

function leave(mapping: Mapping): void {
  mapping.readers--;
  settle(mapping);
}

function giveUp(mapping: Mapping): void {
  mapping.disposed = true;
  settle(mapping);
}

function settle(mapping: Mapping): void {
  if (!mapping.disposed || mapping.readers > 0) return;
  mapping.unmap?.();
  mapping.unmap = undefined;
}

/**
 * Maps a file. The file must not be truncated while it is mapped: reading beyond its new end ends the process.
 * Throws the system's error when it cannot be opened, RuntimeFailure when it can be neither mapped nor read.
 */
export function mapFile(path: string): MappedFile {
  const descriptor = openSync(path, "r");
  try {
    const size = fstatSync(descriptor).size;
    return describe(path, size, mapPages(descriptor, size) ?? readWhole(path, descriptor, size));
  } finally {
    closeSync(descriptor);
  }
}

interface Bytes {
  readonly address: Address;
  readonly kind: "mapped" | "read";
  readonly why: string;
  /** The contents, when they were read. */
  readonly buffer?: ArrayBuffer;
  readonly unmap?: () => void;
}

function describe(path: string, size: number, bytes: Bytes): MappedFile {
  const { address, kind, why, buffer } = bytes;
  const mapping: Mapping = { disposed: false, readers: 0, unmap: bytes.unmap, buffer };
  const check = (offset: number, length: number) => {
    if (mapping.disposed) throw new RuntimeFailure(`${path} is read after it was disposed`, { place: { file: path } });
    const inside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
    if (inside && offset + length <= size) return;
    throw new RuntimeFailure(`bytes ${offset} to ${offset + length} are outside the file of ${size} bytes`, {
      place: { file: path },
    });
  };
  const dispose = () => giveUp(mapping);
  const file: MappedFile = {
    path,
    address,
    size,
    kind,
    why,
    view(offset, length) {
      check(offset, length);
      if (buffer) return new Uint8Array(buffer, offset, length);
      if (length > longestView) {
        throw new RuntimeFailure(`a view of ${length} bytes is longer than 4 GiB`, { place: { file: path } });
      }
      const view = viewMemory(address + BigInt(offset), length);
      // Every array over the view shares this buffer: once it is collected, nothing can read through it.
      mapping.readers++;
      collectedViews.register(view, mapping);
      return new Uint8Array(view);
    },
    memory(offset, length) {
      check(offset, length);
      return { address: address + BigInt(offset), byteLength: length, owner: file };
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
  mappings.set(file, mapping);
  collectedFiles.register(file, mapping);
  return file;
}

interface Pages {
  mmap(at: null, size: number, protection: number, flags: number, descriptor: number, offset: number): Address | null;
  munmap(at: Address, size: number): number;
}

let pages: Pages | undefined;

function openPages(): Pages {
  const library = openLibrary(null);
  return {
    mmap: library.call("void* mmap(void*, size_t, int, int, int, int64_t)"),
    munmap: library.call("int munmap(void*, size_t)"),
  };
}

let refusal = "";

/** undefined, with the reason in `refusal`, when the system does not map. */
function mapPages(descriptor: number, size: number): Bytes | undefined {
  if (size === 0) {
    refusal = "an empty file has no pages";
    return undefined;
  }
  if (process.platform === "win32") {
    refusal = "files are not mapped on Windows";
    return undefined;
  }
  pages ??= openPages();
  const { mmap, munmap } = pages;
  const readable = 1;
  const privateCopy = 2;
  const address = mmap(null, size, readable, privateCopy, descriptor, 0);
  const failed = 0xffff_ffff_ffff_ffffn;
  if (address === null || address === failed) {
    refusal = `mmap failed with errno ${lastError()}`;
    return undefined;
  }
  return { address, kind: "mapped", why: "", unmap: () => void munmap(address, size) };
}

function readWhole(path: string, descriptor: number, size: number): Bytes {
  const why = refusal;
  let buffer: ArrayBuffer;
  try {
    buffer = new ArrayBuffer(size);
  } catch (cause) {
    throw new RuntimeFailure(`${size} bytes do not fit in memory, and the file could not be mapped: ${why}`, {
      cause,
      place: { file: path },
    });
  }
  const chunk = 1 << 30;
  for (let done = 0; done < size; ) {
    const count = readSync(descriptor, new Uint8Array(buffer, done, Math.min(chunk, size - done)), { position: done });
    if (count === 0) throw new RuntimeFailure(`the file ended at byte ${done} of ${size}`, { place: { file: path } });
    done += count;
  }
  return { address: size === 0 ? 0n : addressOf(new Uint8Array(buffer)), kind: "read", why, buffer };
}
