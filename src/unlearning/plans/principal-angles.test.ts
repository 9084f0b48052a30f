// Principal angles: against spaces whose angles are known by construction.

import { expect, test } from "vitest";
import { createRandom } from "../../core/random.ts";
import { principalCosines } from "./principal-angles.ts";

const rows = (...list: number[][]) => ({ values: list.flat(), width: list[0]?.length as number });

test("a plane turned about one of its directions shares that direction and has the angle of the turn", () => {
  const angle = 0.3;
  const found = principalCosines(rows([1, 0, 0], [0, 1, 0]), rows([1, 0, 0], [0, Math.cos(angle), Math.sin(angle)]));
  expect(found[0]).toBeCloseTo(1, 12);
  expect(found[1]).toBeCloseTo(Math.cos(angle), 12);
});

test("orthogonal spaces have cosine 0, and one within another has cosine 1 throughout", () => {
  expect(principalCosines(rows([1, 2, 0, 0]), rows([0, 0, 1, 1], [0, 0, 3, -1]))).toEqual([0]);
  const within = principalCosines(rows([1, 1, 0, 0]), rows([1, 0, 0, 0], [0, 2, 0, 0], [1, 1, 0, 0]));
  expect(within).toHaveLength(1);
  expect(within[0]).toBeCloseTo(1, 12);
});

test("the cosines do not depend on which rows span a space, and at random their squares are on average the larger dimension's share of the whole", () => {
  const random = createRandom(7);
  const draw = (count: number) =>
    Array.from({ length: count }, () => Array.from({ length: 12 }, () => random.normal()));
  const [a, b] = [draw(4), draw(6)];
  const mixed = a.map((_, i) =>
    a[0]?.map((_, k) => a.reduce((sum, row, j) => sum + ((i * 5 + j * j) % 7) * (row[k] as number), 0)),
  );
  const found = principalCosines(rows(...a), rows(...b));
  const again = principalCosines(rows(...(mixed as number[][])), rows(...b));
  for (const [i, x] of again.entries()) expect(x).toBeCloseTo(found[i] as number, 8);
  // Projecting a unit vector of one space on the other never leaves more than the largest cosine.
  const projected = (row: number[]) => principalCosines(rows(row), rows(...b))[0] as number;
  for (const row of a) expect(projected(row)).toBeLessThanOrEqual((found[0] as number) + 1e-12);
  // Over many pairs the mean square is max(4, 6) / 12.
  const squares = Array.from({ length: 300 }, () =>
    principalCosines(rows(...draw(4)), rows(...draw(6))).map((c) => c * c),
  );
  const mean = squares.flat().reduce((sum, x) => sum + x, 0) / (300 * 4);
  expect(mean).toBeCloseTo(0.5, 1);
});
