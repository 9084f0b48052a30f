// The names of a program's inputs or outputs as C wants them, made once: an array of addresses of zero-terminated strings.

import { addressOf } from "../ffi.ts";

export interface NativeNames {
  readonly addresses: BigUint64Array;
  /** The memory that the addresses point into; alive as long as this object. */
  readonly text: Uint8Array;
}

export function createNativeNames(set: ReadonlySet<string>): NativeNames {
  const names = [...set];
  const encoded = new TextEncoder().encode(names.map((name) => `${name}\0`).join(""));
  const text = new Uint8Array(new ArrayBuffer(encoded.length + 1));
  text.set(encoded);
  const base = addressOf(text);
  const addresses = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, names.length)));
  let at = 0;
  names.forEach((name, i) => {
    addresses[i] = base + BigInt(at);
    at += Buffer.byteLength(name) + 1;
  });
  return { addresses, text };
}
