// How an offset's folder names the models it belongs to: from another folder, on another machine, in a run of before.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openOffset, writeOffset } from "./offset-folder.ts";

let root: string;
const at = (...parts: string[]) => join(root, ...parts);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lethe-offset-"));
  for (const folder of ["big", "small", "run/model"]) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at("run", "model", "config.json"), "{}");
});
afterEach(() => rmSync(root, { recursive: true }));

const hash = "0".repeat(64);
/** As a process names it that began here. */
const here = (folder: string) => relative(process.cwd(), at(folder));
const written = (model: { name: string; path?: string; sha256?: string }) =>
  writeOffset(at("run"), { alpha: 1, small: { path: here("small"), sha256: hash }, model, vocabulary: hash });

test("a run names its models by where they lie from it: they are found wherever a process begins, and when all move together", async () => {
  await written({ name: here("big"), path: here("big"), sha256: hash });
  expect(openOffset(at("run"))).toMatchObject({
    steered: at("big"),
    frozen: at("small"),
    model: { name: here("big") },
  });
  mkdirSync(at("elsewhere"));
  for (const folder of ["big", "small", "run"]) renameSync(at(folder), at("elsewhere", folder));
  const moved = openOffset(at("elsewhere", "run"));
  expect(moved).toMatchObject({ steered: at("elsewhere", "big"), frozen: at("elsewhere", "small") });
});

test("a model of the hub is opened by its name; so is a folder that the run was moved away from, while it is there", async () => {
  await written({ name: "org/big", path: "org/big", sha256: hash });
  expect(openOffset(at("run"))).toMatchObject({ steered: "org/big", model: { name: "org/big", sha256: hash } });
  await written({ name: here("big"), path: here("big"), sha256: hash });
  const moved = at("far", "away", "run");
  for (const name of ["run", "small"]) cpSync(at(name), join(moved, "..", name), { recursive: true });
  expect(openOffset(moved).steered).toBe(here("big"));
  rmSync(at("big"), { recursive: true });
  // It is looked for there, and the error of not finding it says where.
  expect(openOffset(moved).steered).toBe(at("far", "away", "big"));
});

test("a model behind an address has a name and no folder, whatever is called so here", async () => {
  mkdirSync(at("run", "served"));
  await written({ name: "served" });
  expect(openOffset(at("run")).steered).toBe("served");
});

test("a run from before models had a path opens by the name that it tells, also one that the run folder holds", async () => {
  await written({ name: "model", sha256: hash });
  expect(JSON.parse(readFileSync(at("run", "offset.json"), "utf8")).model).toEqual({ name: "model", sha256: hash });
  expect(openOffset(at("run")).steered).toBe("model");
});

test("a small model that is gone is looked for where the run says, and the error names that place", async () => {
  await written({ name: "org/big", sha256: hash });
  rmSync(at("small"), { recursive: true });
  expect(() => openOffset(at("run"))).toThrow(`the small model that ${at("run")} began from is not at ${at("small")}`);
});
