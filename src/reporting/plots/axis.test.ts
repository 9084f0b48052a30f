import { expect, test } from "vitest";
import { linearAxis, logarithmicAxis, roundSpan } from "./axis.ts";

test("ticks are round and lie where values lie", () => {
  const { at, ticks } = linearAxis([0, 1], [0, 100]);
  expect(ticks.map((tick) => tick.label)).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  expect(ticks.map((tick) => tick.place)).toEqual([0, 20, 40, 60, 80, 100]);
  expect([at(0.33), at(-1), at(2)]).toEqual([33, 0, 100]);
});

test("learning rates are written with exponents, zero as zero", () => {
  expect(linearAxis([0, 3e-4], [0, 90], 3).ticks.map((tick) => tick.label)).toEqual(["0", "1e-4", "2e-4", "3e-4"]);
});

test("an empty or single-valued domain still gives an axis", () => {
  expect(linearAxis([2, 2], [0, 10]).at(2)).toBe(5);
  expect(roundSpan([], 0, [0, 1])).toEqual([0, 1]);
  expect(logarithmicAxis([], [0, 10]).ticks.length).toBeGreaterThan(1);
});

test("a span keeps its least width within its bounds", () => {
  const [low, high] = roundSpan([0.95, 0.96], 0.2, [0, 1]);
  expect(high).toBe(1);
  expect(low).toBeCloseTo(0.85);
});

test("a logarithmic axis spans any number of powers with few ticks", () => {
  const { at, ticks } = logarithmicAxis([2, 3e10], [0, 110]);
  expect(at(1)).toBe(0);
  expect(at(1e11)).toBe(110);
  expect(ticks.map((tick) => tick.label)).toEqual(["1", "1000", "1e6", "1e9"]);
});
