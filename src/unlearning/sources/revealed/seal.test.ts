// Revealed texts in files: under a key, cut off, and forgotten.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { revealedText } from "./fixtures/revealed-text.ts";
import { forgetTexts, openRevealedFile, readTexts } from "./revealed-text.ts";
import { openSeal } from "./seal.ts";

const folder = mkdtempSync(join(tmpdir(), "lethe-seal-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const keyFile = (name: string, bytes: string | Uint8Array) => {
  writeFileSync(at(name), bytes);
  return at(name);
};
const key = keyFile("key", new Uint8Array(32).fill(7));
const other = keyFile("other", new Uint8Array(32).fill(8));

describe("a key", () => {
  test("is 32 bytes, or as many in hexadecimal or base64; anything else is refused", () => {
    const line = { a: 1 };
    const hex = keyFile("hex", "07".repeat(32));
    const base64 = keyFile("base64", `${Buffer.alloc(32, 7).toString("base64")}\n`);
    for (const file of [hex, base64]) {
      expect(openSeal(file).close(line, 3)).toEqual(openSeal(key).close(line, 3));
    }
    expect(() => openSeal(keyFile("short", "secret"))).toThrow(/holds no key: 6 bytes/);
    expect(() => openSeal(at("nowhere"))).toThrow(/no such file/);
  });

  test("opens what it closed, at that line alone; the same bytes come of the same line", () => {
    const seal = openSeal(key);
    const written = seal.close(revealedText(0), 5);
    expect(JSON.stringify(written)).not.toContain("Ada");
    expect(seal.open(written, 5, "f")).toEqual(revealedText(0));
    expect(seal.close(revealedText(0), 5)).toEqual(written);
    expect(seal.close(revealedText(0), 6)).not.toEqual(written);
    expect(() => seal.open(written, 6, "f")).toThrow(/f:7 cannot be opened/);
    expect(() => openSeal(other).open(written, 5, "f")).toThrow(/cannot be opened with the key/);
  });
});

describe("the file", () => {
  test("goes on after whole batches, holds nothing readable under a key, and is refused without it", async () => {
    const file = at("source.jsonl");
    {
      using made = openRevealedFile(file, 2, openSeal(key));
      made.add([revealedText(0), revealedText(1)]);
      made.add([revealedText(0)]); // cut off in the middle of a batch
    }
    expect(readFileSync(file, "utf8")).not.toMatch(/Ada|James/);
    {
      using again = openRevealedFile(file, 2, openSeal(key));
      expect(again.batches).toEqual([[revealedText(0), revealedText(1)]]);
      expect(again.ended).toBeUndefined();
      again.end("saturated");
    }
    expect(() => openRevealedFile(file, 2)).toThrow(/is encrypted, and no key is given/);
    expect(await readTexts(folder, openSeal(key))).toEqual([revealedText(0), revealedText(1)]);
    await forgetTexts(folder);
    expect(await readTexts(folder, openSeal(key))).toEqual([]);
  });
});
