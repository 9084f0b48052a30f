import { expect, test } from "vitest";
import { add, cast, exp, gather, graph, input, mul, pick } from "../../tensor/index.ts";
import type { Value } from "../backend.ts";
import { toHalf } from "./half-precision.ts";
import { createReferenceBackend, evaluate } from "./index.ts";
import { erf } from "./kernels/erf.ts";

const backend = createReferenceBackend();
const doubled = () => {
  const x = input("x", [2]);
  return graph({ y: mul(x, 2) });
};

test("values are views: later writes are seen, results appear in the caller's array", async () => {
  const program = await backend.compile(doubled());
  const [source, target] = [Float32Array.of(1, 2), new Float32Array(2)];
  const [x, y] = [backend.value(source, [2]), backend.value(target, [2])];
  source[0] = 5;
  const results = await program.run({ x }, { outputs: { y } });
  expect(results.y).toBe(y);
  expect(target).toEqual(Float32Array.of(10, 4));
});

test("float64 arrays keep float64 precision", async () => {
  const program = await backend.compile(doubled());
  const { y } = await program.run({ x: backend.value(Float64Array.of(0.1, 0.2), [2]) });
  expect(await backend.read(y as Value)).toEqual(Float64Array.of(0.2, 0.4));
});

test("numbers that are missing are said", () => {
  expect(() => evaluate(doubled(), {})).toThrow('input "x" [2] needs 2 numbers, got nothing');
});

test("an aborted run stops with the signal's reason", async () => {
  const program = await backend.compile(doubled());
  const x = backend.allocate([2]);
  await expect(program.run({ x }, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
});

test("half-precision values are decoded, and written rounded to nearest even", async () => {
  const x = input("x", [3], "bfloat16");
  const program = await backend.compile(graph({ y: cast(add(x, 0.001), "float16") }));
  const bits = Uint16Array.from([1, -2.5, 0.0078125], toHalf.bfloat16.encode);
  const { y } = await program.run({ x: backend.value(bits, [3], "bfloat16") });
  const numbers = Array.from((await backend.read(y as Value)) as Uint16Array, toHalf.float16.decode);
  expect(numbers).toEqual([1.0009765625, -2.498046875, 0.00881195068359375]);
});

test("16-bit formats: every pattern survives decoding and encoding, known values match", () => {
  for (const format of Object.values(toHalf)) {
    for (let bits = 0; bits < 65536; bits++) {
      const value = format.decode(bits);
      if (!Number.isNaN(value)) expect(format.encode(value)).toBe(bits);
    }
  }
  expect(toHalf.float16.round(65520)).toBe(Infinity);
  expect(toHalf.float16.round(2 ** -25)).toBe(0);
  expect(toHalf.float16.round(1 + 2 ** -11)).toBe(1);
  expect(toHalf.bfloat16.round(1 + 3 * 2 ** -8)).toBe(1 + 2 ** -6);
});

test("erf to float64 (values of DLMF table 7.23.1)", () => {
  expect(erf(0)).toBe(0);
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 15);
  expect(erf(-1)).toBeCloseTo(-0.8427007929497149, 15);
  expect(erf(3)).toBeCloseTo(0.9999779095030014, 15);
  expect(erf(7)).toBe(1);
});

test("an index out of range is an error", () => {
  const i = input("i", [1], "int32");
  const x = input("x", [1, 2]);
  const feeds = { x: Float64Array.of(1, 2), i: Int32Array.of(2) };
  expect(() => evaluate({ y: pick(x, i) }, feeds)).toThrow("pick: index 2 at position 0 is outside 0 … 1");
  expect(() => evaluate({ y: gather(x, i) }, feeds)).toThrow("gather: index 2 at position 0 is outside 0 … 0");
});

test("a graph may be evaluated many times, and its inputs may be results", () => {
  const x = input("x", [2]);
  const g = graph({ same: x, e: exp(x) });
  expect(evaluate(g, { x: Float64Array.of(0, 1) })).toEqual({
    same: Float64Array.of(0, 1),
    e: Float64Array.of(1, Math.E),
  });
  expect(evaluate(g, { x: Float64Array.of(1, 0) }).e).toEqual(Float64Array.of(Math.E, 1));
});
