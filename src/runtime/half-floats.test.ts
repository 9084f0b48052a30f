import fc from "fast-check";
import { expect, test } from "vitest";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "./half-floats.ts";
import { toHalf } from "./reference/half-precision.ts";

const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i);

const formats = [
  { name: "bfloat16", toF32: bf16ToF32, fromF32: f32ToBf16, oracle: toHalf.bfloat16, exponentBits: 8, fractionBits: 7 },
  { name: "float16", toF32: f16ToF32, fromF32: f32ToF16, oracle: toHalf.float16, exponentBits: 5, fractionBits: 10 },
];

for (const { name, toF32, fromF32, oracle, exponentBits, fractionBits } of formats) {
  test(`every ${name} pattern becomes the number it means and comes back, NaN as NaN`, () => {
    const floats = toF32(everyPattern);
    const back = fromF32(floats);
    for (let i = 0; i < 65536; i++) {
      const expected = oracle.decode(i);
      if (Number.isNaN(expected)) {
        expect(floats[i]).toBeNaN();
        expect(oracle.decode(back[i] as number)).toBeNaN();
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
          const [a, b] = [oracle.decode(lower), oracle.decode(lower + 1)];
          const value = Math.fround(a + (b - a) * part);
          const expected = value - a < b - value ? lower : value - a > b - value ? lower + 1 : lower + (lower % 2);
          expect(fromF32(Float32Array.of(value, -value))).toEqual(Uint16Array.of(expected, expected | 0x8000));
          const middle = Math.fround((a + b) / 2);
          if (middle === (a + b) / 2) expect(fromF32(Float32Array.of(middle))[0]).toBe(lower + (lower % 2));
        },
      ),
      { numRuns: 20_000 },
    );
    expect(oracle.decode(fromF32(Float32Array.of(3.4028235e38))[0] as number)).toBe(Infinity);
  });
}

test("known patterns", () => {
  expect([...bf16ToF32(Uint16Array.of(0x3f80, 0xc0a0, 0x0001))]).toEqual([1, -5, 2 ** -133]);
  expect([...f16ToF32(Uint16Array.of(0x3c00, 0x7bff, 0x0001))]).toEqual([1, 65504, 2 ** -24]);
});
