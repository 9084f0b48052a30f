import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelError } from "../core/errors.ts";
import { bytesInMemory } from "./file-bytes.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, findNonFinite, readFloats, requireFinite } from "./float-formats.ts";
import { bytesPerElement, readSafetensors, type StoredDType, type StoredTensor } from "./safetensors.ts";

const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value that a 16-bit pattern means, by the definition of the format. */
function meaning(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const formats = [
  { name: "bfloat16", toF32: bf16ToF32, fromF32: f32ToBf16, exponentBits: 8, fractionBits: 7 },
  { name: "float16", toF32: f16ToF32, fromF32: f32ToF16, exponentBits: 5, fractionBits: 10 },
];

for (const { name, toF32, fromF32, exponentBits, fractionBits } of formats) {
  test(`every ${name} pattern becomes the number it means and comes back, NaN as NaN`, () => {
    const floats = toF32(everyPattern);
    const back = fromF32(floats);
    for (let i = 0; i < 65536; i++) {
      const expected = meaning(i, exponentBits, fractionBits);
      if (Number.isNaN(expected)) {
        expect(floats[i]).toBeNaN();
        expect(meaning(back[i] as number, exponentBits, fractionBits)).toBeNaN();
      } else if (!Object.is(floats[i], expected) || back[i] !== i) {
        expect.fail(`pattern ${i}: ${floats[i]} and ${back[i]}, expected ${expected} and ${i}`);
      }
    }
  });

  test(`a float32 is rounded to the nearest ${name}, ties to the even pattern`, () => {
    const nextUp = 2 ** (exponentBits + fractionBits) - 2 ** fractionBits; // the pattern of infinity
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: nextUp - 2 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lower, part) => {
          const [a, b] = [meaning(lower, exponentBits, fractionBits), meaning(lower + 1, exponentBits, fractionBits)];
          const value = Math.fround(a + (b - a) * part);
          const expected = value - a < b - value ? lower : value - a > b - value ? lower + 1 : lower + (lower % 2);
          expect(fromF32(Float32Array.of(value, -value))).toEqual(Uint16Array.of(expected, expected | 0x8000));
          const middle = Math.fround((a + b) / 2);
          if (middle === (a + b) / 2) expect(fromF32(Float32Array.of(middle))[0]).toBe(lower + (lower % 2));
        },
      ),
      { numRuns: 20_000 },
    );
    expect(meaning(fromF32(Float32Array.of(3.4028235e38))[0] as number, exponentBits, fractionBits)).toBe(Infinity);
  });
}

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
