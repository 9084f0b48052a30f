import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelError } from "./errors.ts";
import { findFlaw, parseJsonObject, readJsonObject } from "./json-file.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a key that occurs twice in one object is found at any depth, also when it is escaped", () => {
  expect(findFlaw('{"a":1,"a":2}')).toBe('the key "a" occurs twice in one object');
  expect(findFlaw('{"a":{"b":1, "\\u0062" :2}}')).toBe('the key "b" occurs twice in one object');
  expect(findFlaw('{"a":{"b":1},"b":{"a":["a","a"]},"c":"a"}')).toBeUndefined();
});

test("what nests deeper than a hundred levels is refused, in lists and in objects, and read up to there", () => {
  const nested = (open: string, close: string, levels: number) =>
    `{"a":${open.repeat(levels)}1${close.repeat(levels)}}`;
  for (const [open, close] of [
    ["[", "]"],
    ['{"b":', "}"],
  ] as const) {
    expect(parseJsonObject(bytes(nested(open, close, 99)), "file")).toHaveProperty("a");
    expect(() => parseJsonObject(bytes(nested(open, close, 100)), "file")).toThrow(/nests deeper than 100 levels/);
    expect(() => parseJsonObject(bytes(nested(open, close, 200_000)), "file")).toThrow(ModelError);
  }
});

test.runIf(process.platform === "linux")("a pipe, which might never be written to, is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "lethe-json-"));
  const path = join(folder, "config.json");
  execFileSync("mkfifo", [path]);
  expect(() => readJsonObject(path)).toThrow(/not a regular file/);
  rmSync(folder, { recursive: true });
});

test("what JSON.stringify wrote never holds a key twice", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => findFlaw(JSON.stringify(value, null, 1)) === undefined),
    { numRuns: 2000 },
  );
});

test("anything but a JSON object in UTF-8 is a ModelError", () => {
  for (const text of ["", "[]", "null", "3", '{"a":', '{"a":1,"a":1}', "\ufeff{}"]) {
    expect(() => parseJsonObject(bytes(text), "file"), text).toThrow(ModelError);
  }
  expect(() => parseJsonObject(Uint8Array.of(0x7b, 0xff, 0x7d), "file")).toThrow(/UTF-8/);
  expect(() => readJsonObject("/nowhere/config.json")).toThrow(/cannot read/);
});
