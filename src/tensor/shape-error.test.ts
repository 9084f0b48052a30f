import { expect, test } from "vitest";
import { ShapeError } from "../core/errors.ts";
import {
  add,
  concat,
  gemm,
  gradients,
  graph,
  input,
  linear,
  matmul,
  pick,
  reshape,
  slice,
  sum,
  where,
} from "./index.ts";

const x = input("x", [8, 16]);
const w = input("w", [32, 12]);

function errorOf(build: () => unknown): ShapeError {
  try {
    build();
  } catch (error) {
    if (error instanceof ShapeError) return error;
  }
  throw new Error("no ShapeError was thrown");
}

test("a shape error names the op, the shapes and the caller's line", () => {
  const error = errorOf(() => linear(x, w));
  const line = error.place?.line as number;
  expect(error.message).toBe(
    `linear: x [8,16] has 16 columns but w [32,12] expects 12 (at shape-error.test.ts:${line})`,
  );
  expect(error.place?.file).toMatch(/src\/tensor\/shape-error\.test\.ts$/);
  expect(errorOf(() => linear(x, w)).place?.line).toBeGreaterThan(line);
});

test.each([
  ["add: [8,16] and [32,12] do not broadcast", () => add(x, w)],
  ["matmul: [8,16] · [32,12]: 16 columns meet 32 rows", () => matmul(x, w)],
  ["gemm: [8,16]ᵀ · [32,12]: 8 columns meet 32 rows", () => gemm(x, w, { transA: true })],
  ["reshape: [8,16] with 128 elements does not become [3,-1]", () => reshape(x, [3, -1])],
  ["slice: 2 … 40 is outside axis 1 of [8,16]", () => slice(x, -1, 2, 40)],
  ["sum: axis 2 is outside [8,16]", () => sum(x, 2)],
  ["concat: [32,12] does not join [8,16] along axis 0", () => concat([x, w], 0)],
  ["where: condition is float32, expected bool", () => where(x, 1, 0)],
  ["pick: [8] is float32, expected int32", () => pick(x, input("i", [8]))],
  ["gradients: output [8,16] is not a scalar", () => gradients(x, [x])],
  ['graph: two inputs are named "x": [8,16] and [2]', () => graph({ y: add(sum(x), sum(input("x", [2]))) })],
  ['graph: "x" names both an input and an output', () => graph({ x: sum(x) })],
])("%s", (message, build) => {
  expect(errorOf(build).message).toContain(`${message} (at shape-error.test.ts:`);
});
