import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { readConfigArguments } from "./config-arguments.ts";

const schema = z.object({ model: z.string().default("tiny"), steps: z.int().default(1) });

test("a file, whatever its folder is called, and overrides in any order make a configuration, as do overrides alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lethe-arguments-"));
  const file = join(folder, "run.yaml");
  writeFileSync(file, "model: big\n");
  expect((await readConfigArguments(schema, ["steps=3", file])).value).toEqual({ model: "big", steps: 3 });
  expect((await readConfigArguments(schema, ["steps=3"])).value).toEqual({ model: "tiny", steps: 3 });
  expect((await readConfigArguments(schema, [])).value).toEqual({ model: "tiny", steps: 1 });
  mkdirSync(join(folder, "lr=0.1"));
  writeFileSync(join(folder, "lr=0.1", "run.yaml"), "model: small\n");
  const named = await readConfigArguments(schema, [join(folder, "lr=0.1", "run.yaml"), "steps=3"]);
  expect(named.value).toEqual({ model: "small", steps: 3 });
  rmSync(folder, { recursive: true });
});

test("a second file is refused, as it is an override without its key", async () => {
  await expect(readConfigArguments(schema, ["a.yaml", "models/big"])).rejects.toMatchObject({
    message: "one configuration file is expected, got a.yaml and models/big",
    hint: 'If "models/big" is meant for a key, write key=models/big.',
  });
});
