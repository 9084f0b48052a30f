import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeNames, editDistance, nearestNames } from "./nearest.ts";

describe("edit distance", () => {
  test("counts insertions, deletions, substitutions and swapped neighbours as one each", () => {
    expect(editDistance("simnpo", "simnpo")).toBe(0);
    expect(editDistance("npo", "simnpo")).toBe(3);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("nop", "npo")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
  });

  test("is symmetric and never more than the longer string", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const distance = editDistance(a, b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance === 0).toBe(a === b);
      }),
    );
  });
});

describe("nearest names", () => {
  const names = ["learningRate", "weightDecay", "epochs", "seed"];

  test("finds a misspelt key whatever its case and separators", () => {
    expect(nearestNames("learning_rate", names)).toEqual(["learningRate"]);
    expect(nearestNames("lerningRate", names)).toEqual(["learningRate"]);
    expect(nearestNames("epoch", names)).toEqual(["epochs"]);
  });

  test("offers nothing when nothing is close", () => {
    expect(nearestNames("temperature", names)).toEqual([]);
  });

  test("puts the closest first", () => {
    expect(nearestNames("npo", ["simnpo", "npo2", "npo"])[0]).toBe("npo");
  });

  test("the sentence always lists what is valid", () => {
    expect(describeNames("sead", names)).toBe('Did you mean "seed"? Valid: learningRate, weightDecay, epochs, seed.');
    expect(describeNames("zzzzzzzz", names)).toBe("Valid: learningRate, weightDecay, epochs, seed.");
  });
});
