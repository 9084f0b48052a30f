// The one door to native code: koffi's settings, opening a shared library, calling functions by address, views of foreign memory.
// The only file with loose types. Knows no library by name.

import koffi from "koffi";

/** Address of something native; null pointers are null on the way out and null or 0n on the way in. */
export type Address = bigint;

// Must precede the first load. Async calls run on koffi's own stack, and 128 KiB (its default) is too little for a program run;
// the heap takes the arguments of synchronous calls.
koffi.config({ async_stack_size: 4 << 20, sync_stack_size: 4 << 20, sync_heap_size: 16 << 20 });

export interface Library {
  /** An exported function, e.g. `call<(a: number) => number>("int abs(int)")`. Throws when there is none of that name. */
  call<F extends (...args: never[]) => unknown>(prototype: string): F;
}

/** koffi unloads a library when its object is collected, though addresses of its functions are still in use. */
const loaded: unknown[] = [];

/**
 * Opens a shared library for the rest of the process; null means the process itself, which has the C library on Linux and macOS.
 * Throws when it cannot.
 */
export function openLibrary(file: string | null): Library {
  const library = koffi.load(file);
  loaded.push(library);
  return { call: (prototype) => library.func(prototype) as never };
}

/** A function at an address. `prototype` is anonymous ("void* (int, void*)"): koffi keeps named ones for the whole process. */
export function functionAt<F extends (...args: never[]) => unknown>(address: Address, prototype: string): F {
  return koffi.decode(address, koffi.proto(prototype));
}

/** The same function on a thread of libuv's pool. Typed arrays among the arguments must stay referenced until it settles. */
export function asyncOf<F extends (...args: never[]) => unknown>(
  call: F,
): (...args: Parameters<F>) => Promise<ReturnType<F>> {
  const start = (call as unknown as { async: (...args: unknown[]) => void }).async;
  return (...args) =>
    new Promise((resolve, reject) => {
      start(...args, (error: unknown, result: ReturnType<F>) => (error ? reject(error) : resolve(result)));
    });
}

/** The pointer stored `index` pointers after `base`; 0n for null. */
export function pointerAt(base: Address, index: number): Address {
  return koffi.decode(base, 8 * index, "void*") ?? 0n;
}

/** Longest view: one more byte kills the process. */
export const longestView = 2 ** 32 - 1;

/**
 * The `byteLength` bytes at `address`, without copy. The memory must outlive every use of the result; nothing checks that.
 * Throws RangeError for more than 4 GiB.
 */
export function viewMemory(address: Address, byteLength: number): ArrayBuffer {
  if (byteLength > longestView) throw new RangeError(`a view of ${byteLength} bytes is longer than 4 GiB`);
  return byteLength === 0 ? new ArrayBuffer(0) : koffi.view(address, byteLength);
}

/** Where a typed array's bytes are. The array must stay referenced as long as the address is used. */
export function addressOf(array: ArrayBufferView): Address {
  return koffi.address(array);
}

/** The C library's error number of the last call. */
export function lastError(): number {
  return koffi.errno();
}
