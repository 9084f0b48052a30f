import { existsSync, readFileSync } from "node:fs";
import { setTimeout as later } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { openLibrary } from "./ffi.ts";
import { chooseLibrary } from "./ort/library.ts";

const maps = "/proc/self/maps";

test.skipIf(!existsSync(maps))("a library stays loaded although nobody holds on to it", async () => {
  const { file } = chooseLibrary();
  const isLoaded = () => readFileSync(maps, "utf8").includes(file);
  openLibrary(file).call<() => bigint>("void* OrtGetApiBase()")();
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await later(20); // koffi's finalisers run from the event loop
  }
  expect(isLoaded()).toBe(true);
});
