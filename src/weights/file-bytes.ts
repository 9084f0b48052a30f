// The bytes of a weight file, wherever they are: a mapping of the file, or memory in tests. Knows nothing of what they mean.

import { RuntimeFailure } from "../core/errors.ts";
import type { MappedMemory } from "../runtime/backend.ts";

export interface FileBytes {
  readonly size: number;
  /** Bytes [offset, offset + length), no copy. Valid until `dispose`. */
  view(offset: number, length: number): Uint8Array;
  /** The same range by address, for the engine. */
  memory(offset: number, length: number): MappedMemory;
  dispose(): void;
}

/** Bytes that are already in memory. They have no stable address, so `memory` throws RuntimeFailure. */
export function bytesInMemory(bytes: Uint8Array): FileBytes {
  return {
    size: bytes.byteLength,
    view: (offset, length) => bytes.subarray(offset, offset + length),
    memory: () => {
      throw new RuntimeFailure("these weights are not a mapped file, so they have no address", {
        hint: "Write them to a file and open that.",
      });
    },
    dispose: () => {},
  };
}
