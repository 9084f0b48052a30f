import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelError } from "./errors.ts";
import { findDuplicateKey, parseJsonObject, readJsonObject } from "./json-file.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a key that occurs twice in one object is found at any depth, also when it is escaped", () => {
  expect(findDuplicateKey('{"a":1,"a":2}')).toBe("a");
  expect(findDuplicateKey('{"a":{"b":1, "\\u0062" :2}}')).toBe("b");
  expect(findDuplicateKey('{"a":{"b":1},"b":{"a":["a","a"]},"c":"a"}')).toBeUndefined();
});

test("what JSON.stringify wrote never holds a key twice", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => findDuplicateKey(JSON.stringify(value, null, 1)) === undefined),
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
