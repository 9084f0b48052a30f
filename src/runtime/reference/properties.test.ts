// Random shapes: broadcasting, reductions, slices and transposes on the reference backend against element-by-element definitions.

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  add,
  concat,
  constant,
  expand,
  max,
  mean,
  pad,
  slice,
  sum,
  type Tensor,
  transpose,
} from "../../tensor/index.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { evaluate } from "./index.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
const filled = (shape: number[], offset = 0) =>
  constant(
    Array.from({ length: sizeOf(shape) }, (_, i) => ((i + offset) * 37) % 101),
    shape,
  );
const numbersOf = (y: Tensor) => Array.from(evaluate({ y }).y as Float64Array);

/** Element of a tensor at a coordinate; missing leading axes and axes of size 1 ignore the coordinate. */
function elementAt(x: Tensor, coordinate: readonly number[]): number {
  const own = coordinate.slice(coordinate.length - x.shape.length);
  const strides = stridesOf(x.shape);
  const offset = own.reduce((total, c, axis) => total + (x.shape[axis] === 1 ? 0 : c) * (strides[axis] as number), 0);
  return (x.data as Float64Array)[offset] as number;
}

function coordinatesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, n) => prefixes.flatMap((prefix) => Array.from({ length: n }, (_, i) => [...prefix, i])),
    [[]],
  );
}

test("broadcasting follows NumPy's rule", () => {
  const pairs = fc
    .tuple(shapes, fc.nat(4), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([full, dropped, ones]) => ({
      a: full.map((n, i) => (ones[i] ? 1 : n)),
      b: full.slice(Math.min(dropped, full.length)),
    }));
  fc.assert(
    fc.property(pairs, ({ a, b }) => {
      const [x, y] = [filled(a), filled(b, 7)];
      const result = add(x, y);
      const expected = coordinatesOf(result.shape).map((at) => elementAt(x, at) + elementAt(y, at));
      expect(numbersOf(result)).toEqual(expected);
      expect(numbersOf(expand(x, result.shape))).toEqual(coordinatesOf(result.shape).map((at) => elementAt(x, at)));
    }),
  );
});

test("reductions fold exactly the elements that differ in the reduced axes", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      fc.boolean(),
      (shape, chosen, keepDims) => {
        const x = filled(shape);
        const axes = shape.flatMap((_, axis) => (chosen[axis] ? [axis] : []));
        const groups = new Map<string, number[]>();
        for (const at of coordinatesOf(shape)) {
          const key = at.filter((_, axis) => !axes.includes(axis)).join();
          groups.set(key, [...(groups.get(key) ?? []), elementAt(x, at)]);
        }
        const total = (group: number[]) => group.reduce((a, b) => a + b, 0);
        const expected = [...groups.values()];
        expect(numbersOf(sum(x, axes, keepDims))).toEqual(expected.map(total));
        expect(numbersOf(mean(x, axes, keepDims))).toEqual(expected.map((group) => total(group) / group.length));
        expect(numbersOf(max(x, axes, keepDims))).toEqual(expected.map((group) => Math.max(...group)));
        expect(sum(x, axes, true).shape).toEqual(shape.map((n, axis) => (axes.includes(axis) ? 1 : n)));
      },
    ),
  );
});

const nonScalar = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

test("slices joined again are the tensor, and a slice undoes padding", () => {
  fc.assert(
    fc.property(nonScalar, fc.nat(), fc.nat(), fc.nat(3), (shape, axisSeed, cutSeed, before) => {
      const x = filled(shape);
      const axis = axisSeed % shape.length;
      const n = shape[axis] as number;
      const cut = cutSeed % (n + 1);
      const [head, tail] = [slice(x, axis, 0, cut), slice(x, axis, cut)];
      expect(numbersOf(concat([head, tail], axis))).toEqual(numbersOf(x));
      const inside = coordinatesOf(shape).filter((at) => (at[axis] as number) >= cut);
      expect(numbersOf(tail)).toEqual(inside.map((at) => elementAt(x, at)));
      const padded = pad(x, axis, before, 2);
      expect(numbersOf(slice(padded, axis, before, before + n))).toEqual(numbersOf(x));
      expect(numbersOf(sum(padded))).toEqual(numbersOf(sum(x)));
    }),
  );
});

test("transposing moves axis permutation[i] to i", () => {
  fc.assert(
    fc.property(
      nonScalar.chain((shape) =>
        fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
      ),
      ([shape, permutation]) => {
        const x = filled(shape);
        const moved = transpose(x, permutation);
        const expected = coordinatesOf(moved.shape).map((at) =>
          elementAt(
            x,
            shape.map((_, axis) => at[permutation.indexOf(axis)] as number),
          ),
        );
        expect(numbersOf(moved)).toEqual(expected);
      },
    ),
  );
});
