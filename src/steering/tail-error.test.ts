// What rows lose that were cut short and filled up.

import { expect, test } from "vitest";
import { rowAfter } from "./fixtures/tiny-steering.ts";
import { measureTail } from "./tail-error.ts";

const place = (label: string) => ({
  model: rowAfter("m", [label.length], 30),
  frozen: rowAfter(label, [1], 30),
  tuned: rowAfter(label, [2], 30),
  alpha: 1,
});

test("nothing is lost when everything is told", () => {
  const [five, all] = measureTail([place("a"), place("bb"), place("ccc")], [5, 30]);
  expect(all).toMatchObject({ untold: expect.closeTo(0, 6), divergence: expect.closeTo(0, 5), otherChoice: 0 });
  expect(five?.untold).toBeGreaterThan(0.01);
  expect(five?.divergence).toBeGreaterThan(0.001);
});

test("nothing is lost where Mo's tail has M's shape", () => {
  const model = rowAfter("m", [1], 30);
  const [found] = measureTail(
    [{ model, frozen: model.map((x) => x + 3), tuned: rowAfter("t", [1], 30), alpha: 0.5 }],
    [3],
  );
  expect(found).toMatchObject({ divergence: expect.closeTo(0, 5), variation: expect.closeTo(0, 5), otherChoice: 0 });
});

test("the numbers are those of two distributions written out", () => {
  const log = (...p: number[]) => Float32Array.from(p, Math.log);
  const same = log(1, 1, 1, 1);
  // Told 0.5; the rest 0.5 is spread evenly over three, while M has 0.3, 0.1, 0.1.
  const [found] = measureTail([{ model: log(0.5, 0.3, 0.1, 0.1), frozen: same, tuned: same, alpha: 1 }], [1]);
  const third = 0.5 / 3;
  expect(found?.untold).toBeCloseTo(0.5, 6);
  expect(found?.variation).toBeCloseTo(0.3 - third, 6);
  expect(found?.divergence).toBeCloseTo(0.3 * Math.log(0.3 / third) + 0.2 * Math.log(0.1 / third), 5);
});
