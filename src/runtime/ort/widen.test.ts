import { expect, test } from "vitest";
import { narrow, widen } from "./widen.ts";

test.each(["bfloat16", "float16"] as const)("every finite %s pattern survives widening and narrowing", (dtype) => {
  const patterns = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
  const back = narrow(widen(patterns, dtype), dtype);
  const exponent = dtype === "bfloat16" ? 0x7f80 : 0x7c00;
  const finite = patterns.filter((bits) => (bits & exponent) !== exponent);
  expect(finite.filter((bits) => back[bits] !== bits)).toEqual(new Uint16Array());
  expect(finite.length).toBeGreaterThan(60_000);
});

test("known patterns", () => {
  expect([...widen(Uint16Array.of(0x3f80, 0xc0a0, 0x0001), "bfloat16")]).toEqual([1, -5, 2 ** -133]);
  expect([...widen(Uint16Array.of(0x3c00, 0x7bff, 0x0001), "float16")]).toEqual([1, 65504, 2 ** -24]);
});
