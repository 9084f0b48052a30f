import { expect, test } from "vitest";
import { formatBytes, formatCount, formatNumber, formatSeconds } from "./format.ts";

test("counts are grouped by thousands", () => {
  expect([0, 999, 1000, 1234567.4].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

test("durations are as exact as they are useful", () => {
  expect(
    [0.04, 9.94, 9.96, 59.4, 59.6, 200, 3599.6, 7500, Number.POSITIVE_INFINITY, Number.NaN].map(formatSeconds),
  ).toEqual(["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "3 min 20 s", "1 h 00 min", "2 h 05 min", "?", "?"]);
});

test("sizes are in powers of a thousand with at most three digits", () => {
  expect([0, 999, 1000, 46_200_000, 99_960, 999_600, 7.2e9, 5e15].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 KB",
    "46.2 MB",
    "100 KB",
    "1.0 MB",
    "7.2 GB",
    "5000 TB",
  ]);
});

test("numbers keep four digits", () => {
  expect([0, 2.31415, 0.0123456, 1e-5, 12345.6, 2.5e7, Number.NaN].map(formatNumber)).toEqual([
    "0.000",
    "2.314",
    "0.01235",
    "1.000e-5",
    "12346",
    "2.500e+7",
    "NaN",
  ]);
});
