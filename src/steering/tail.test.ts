// What a source leaves out of a row is filled up so that it is a distribution, keeps what was told, and is exact where Mo's tail has M's shape.

import fc from "fast-check";
import { expect, test } from "vitest";
import { logSumExp, normalise } from "./ensemble.ts";
import { rowAfter, topOf } from "./fixtures/tiny-steering.ts";
import { completeRow, spreadTail } from "./tail.ts";

const rows = fc.record({
  label: fc.string(),
  width: fc.integer({ min: 2, max: 40 }),
  k: fc.integer({ min: 1, max: 40 }),
  spread: fc.constantFrom(0.1, 2, 9),
});

test("a filled row adds up to 1, keeps what was listed, and lists nothing likelier than the least listed", () => {
  fc.assert(
    fc.property(rows, ({ label, width, k, spread }) => {
      const top = topOf(rowAfter(label, [1], width, spread), k);
      const row = spreadTail(top, rowAfter("own", [1], width), width);
      expect(logSumExp(row)).toBeCloseTo(0, 5);
      const listed = new Set(top.ids);
      const least = Math.min(...top.logProbabilities);
      row.forEach((x, id) => {
        if (listed.has(id)) expect(x).toBe(top.logProbabilities[top.ids.indexOf(id)]);
        else expect(x).toBeLessThanOrEqual(least + 1e-5);
      });
    }),
    { seed: 3 },
  );
});

test("with Mo's tail like M's the row is M's", () => {
  fc.assert(
    fc.property(rows, ({ label, width, k, spread }) => {
      const logits = rowAfter(label, [1], width, spread);
      const row = spreadTail(
        topOf(logits, k),
        logits.map((x) => x + 5),
        width,
      );
      normalise(logits).forEach((x, id) => {
        expect(Math.exp(row[id] as number)).toBeCloseTo(Math.exp(x), 5);
      });
    }),
    { seed: 3 },
  );
});

test("the tail follows Mo: r · softmax over the tokens left", () => {
  const top = { kind: "top", ids: Int32Array.of(2), logProbabilities: Float32Array.of(Math.log(0.7)) } as const;
  const own = Float32Array.from([0.1, 0.2, 9, 0.1], (p) => Math.log(p));
  const row = spreadTail(top, own, 4);
  expect([...row].map(Math.exp)).toEqual([0.075, 0.15, 0.7, 0.075].map((p) => expect.closeTo(p, 6)));
});

test("what the cap cuts off goes to the other tokens", () => {
  const top = { kind: "top", ids: Int32Array.of(0), logProbabilities: Float32Array.of(Math.log(0.4)) } as const;
  const own = Float32Array.from([1, 100, 1, 1], (p) => Math.log(p));
  expect([...spreadTail(top, own, 4)].map(Math.exp)).toEqual([0.4, 0.4, 0.1, 0.1].map((p) => expect.closeTo(p, 6)));
});

test("Mo is asked only for what a source leaves out, and padding has no share", () => {
  const full = rowAfter("m", [1], 4);
  const own = () => {
    throw new Error("asked");
  };
  expect(completeRow({ kind: "full", logits: full }, own, 4)).toBe(full);
  const row = completeRow(topOf(full, 2), () => rowAfter("o", [1], 4), 6);
  expect(Math.exp(row[5] as number)).toBe(0);
  expect(logSumExp(row)).toBeCloseTo(0, 5);
});
