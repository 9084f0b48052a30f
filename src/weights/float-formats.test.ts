import { expect, test } from "vitest";
import { ModelError } from "../core/errors.ts";
import { f32ToBf16, f32ToF16 } from "../runtime/half-floats.ts";
import { bytesInMemory } from "./file-bytes.ts";
import { findNonFinite, readFloats, requireFinite } from "./float-formats.ts";
import { bytesPerElement, readSafetensors, type StoredDType, type StoredTensor } from "./safetensors.ts";

function tensorOf(dtype: StoredDType, bytes: Uint8Array, misalign = 0): StoredTensor {
  const count = bytes.byteLength / bytesPerElement[dtype];
  const header = JSON.stringify({ w: { dtype, shape: [count], data_offsets: [0, bytes.byteLength] } });
  const start = 8 + header.length;
  const file = new Uint8Array(misalign + start + bytes.byteLength);
  const inside = file.subarray(misalign);
  new DataView(file.buffer, misalign).setBigUint64(0, BigInt(header.length), true);
  inside.set(new TextEncoder().encode(header), 8);
  inside.set(bytes, start);
  return readSafetensors(bytesInMemory(inside), "memory").tensors.get("w") as StoredTensor;
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

test("stored numbers are read as float32 from every float format, at any alignment", () => {
  const values = [0, -1.5, 0.25, 3];
  const stored: [StoredDType, ArrayBufferView][] = [
    ["F32", Float32Array.from(values)],
    ["F64", Float64Array.from(values)],
    ["BF16", f32ToBf16(Float32Array.from(values))],
    ["F16", f32ToF16(Float32Array.from(values))],
  ];
  for (const [dtype, array] of stored) {
    for (let misalign = 0; misalign < 8; misalign++) {
      expect([...readFloats(tensorOf(dtype, bytesOf(array), misalign))]).toEqual(values);
    }
  }
  expect(() => readFloats(tensorOf("U8", Uint8Array.of(1)))).toThrow(ModelError);
});

test("the first NaN or infinity is found by its index in every float format, and named in the error", () => {
  const bad: [number, RegExp][] = [
    [Number.NaN, /weight "w" has NaN at index 5 /],
    [Infinity, /has Infinity at index 5/],
    [-Infinity, /has -Infinity at index 5/],
  ];
  for (const [value, message] of bad) {
    const values = Array.from({ length: 9 }, (_, i) => (i >= 5 ? value : 1e30 * i));
    const half = values.map((v, i) => (i >= 5 ? v : i));
    const stored: [StoredDType, ArrayBufferView][] = [
      ["F32", Float32Array.from(values)],
      ["F64", Float64Array.from(values)],
      ["BF16", f32ToBf16(Float32Array.from(values))],
      ["F16", f32ToF16(Float32Array.from(half))],
    ];
    for (const [dtype, array] of stored) {
      for (const misalign of [0, 1, 4]) {
        const tensor = tensorOf(dtype, bytesOf(array), misalign);
        expect(findNonFinite(tensor), dtype).toEqual({ index: 5, value });
        expect(() => requireFinite(tensor)).toThrow(message);
      }
    }
  }
  expect(findNonFinite(tensorOf("F32", bytesOf(Float32Array.of(3.4e38, -3.4e38, 0))))).toBeUndefined();
  expect(findNonFinite(tensorOf("I32", bytesOf(Int32Array.of(-1))))).toBeUndefined();
});
