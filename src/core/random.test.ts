import { describe, expect, test } from "vitest";
import { createRandom } from "./random.ts";

const draw = (random: { uniform(): number }, n: number) => Array.from({ length: n }, () => random.uniform());

describe("seeded random numbers", () => {
  test("the same seed gives the same numbers, another seed others", () => {
    expect(draw(createRandom(7), 20)).toEqual(draw(createRandom("7"), 20));
    expect(draw(createRandom(7), 20)).not.toEqual(draw(createRandom(8), 20));
  });

  test("the first numbers of seed 0 never change, so old runs stay reproducible", () => {
    const random = createRandom(0);
    expect(Array.from({ length: 4 }, () => random.integer(1_000_000))).toEqual([526886, 944434, 690029, 444187]);
  });

  test("a fork depends on seed and label, not on how much was drawn", () => {
    const drawn = createRandom(3);
    draw(drawn, 100);
    expect(draw(drawn.fork("data"), 5)).toEqual(draw(createRandom(3).fork("data"), 5));
    expect(draw(drawn.fork("data"), 5)).not.toEqual(draw(drawn.fork("init"), 5));
  });

  test("a generator, and a fork, can be made again from its seed", () => {
    const random = createRandom(3).fork("epoch");
    expect(draw(createRandom(random.seed), 3)).toEqual(draw(random, 3));
    expect(draw(createRandom(random.seed).fork("x"), 3)).toEqual(draw(random.fork("x"), 3));
  });

  test("uniform numbers fill [0, 1) evenly: chi-square of 64 bins stays below its 99.9 % point", () => {
    const bins = new Array<number>(64).fill(0);
    const n = 64_000;
    for (const value of draw(createRandom("even"), n)) {
      bins[Math.floor(value * 64)]! += 1;
    }
    expect(bins).toHaveLength(64); // a value outside [0, 1) would have made a 65th bin
    const chiSquare = bins.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0);
    expect(chiSquare).toBeLessThan(103.4); // 63 degrees of freedom
  });

  test("normal numbers have mean 0, variance 1 and kurtosis 3", () => {
    const random = createRandom("normal");
    const n = 100_000;
    const values = Array.from({ length: n }, () => random.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / n;
    expect(Math.abs(moment(1))).toBeLessThan(0.013); // 4 standard errors
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.018);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.13);
  });

  test("shuffle returns a permutation, leaves its input alone and puts every element everywhere equally often", () => {
    const random = createRandom("shuffle");
    const items = [0, 1, 2, 3];
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let i = 0; i < 8000; i++) {
      const shuffled = random.shuffle(items);
      for (const [position, item] of shuffled.entries()) counts[position]![item]! += 1;
    }
    expect(random.shuffle(items).sort()).toEqual(items);
    expect(items).toEqual([0, 1, 2, 3]);
    for (const count of counts.flat()) expect(Math.abs(count - 2000)).toBeLessThan(4 * Math.sqrt(8000 * 0.25 * 0.75));
  });

  test("integer and pick stay in range", () => {
    const random = createRandom(1);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(5)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(["a", "b"]).toContain(random.pick(["a", "b"]));
  });
});
