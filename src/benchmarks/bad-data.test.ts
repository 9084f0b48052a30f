// What a benchmark refuses before any model is opened, and that it leaves no folder behind.

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { silent } from "../core/events.ts";
import { checkFiles } from "./check-files.ts";
import { findData } from "./data-folder.ts";
import { type TinyBenchmark, tinyBenchmark } from "./fixtures/tiny-benchmark.ts";
import { chooseMethods } from "./methods.ts";
import { whatIsGiven } from "./needs.ts";
import { runBenchmark } from "./run.ts";
import { namedSets } from "./sets.ts";

let tiny: TinyBenchmark;
beforeAll(() => {
  tiny = tinyBenchmark();
});
afterAll(() => tiny[Symbol.dispose]());

async function refusal(...overrides: string[]) {
  const error = await tiny
    .load(...overrides)
    .then(runBenchmark)
    .catch((caught: unknown) => caught);
  expect(existsSync(tiny.at("out"))).toBe(false);
  return error as { message: string; hint: string; place: { file?: string } };
}

test("a folder with missing splits is refused with all that is missing and what is there instead", async () => {
  renameSync(tiny.at("forget.json"), tiny.at("forget1.json"));
  renameSync(tiny.at("refusals.txt"), tiny.at("refuse.txt"));
  const { message, hint } = await refusal();
  expect(message).toBe(`tiny split4 needs forget.json, refusals.txt, which are not in ${tiny.at()}`);
  expect(hint).toContain("It holds forget1.json");
  expect(hint).toContain("nobody/tiny");
  renameSync(tiny.at("forget1.json"), tiny.at("forget.json"));
  renameSync(tiny.at("refuse.txt"), tiny.at("refusals.txt"));
});

test("a split that is cut off is refused with both numbers", async () => {
  const whole = readFileSync(tiny.at("forget_perturbed.json"), "utf8");
  writeFileSync(tiny.at("forget_perturbed.json"), whole.split("\n").slice(0, 3).join("\n"));
  const message = "forget_perturbed.json holds 3 records; tiny split4 has 4 there";
  expect((await refusal()).message).toBe(message);
  const again = "sets.again={ path: forget_perturbed.json, phrasings: ['Say: {question}'] }";
  expect((await refusal(again)).message).toBe(message);
  writeFileSync(tiny.at("forget_perturbed.json"), whole);
});

test("no folder at all, and a folder that is not there", async () => {
  expect((await refusal("data=/nowhere/tofu")).message).toContain("there is no folder /nowhere/tofu");
});

test("a target that is nowhere is refused before anything is taught", async () => {
  expect((await refusal("target=/nowhere/model")).message).toContain("/nowhere/model");
});

test("a column that nothing fills is refused with the nearest one", async () => {
  const { message, hint } = await refusal('columns=["forget/probabilty"]');
  expect(message).toContain('"forget/probabilty"');
  expect(hint).toContain("forget/probability");
});

test("without a folder the hub is asked; offline the cache has to do", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HUB_CACHE", tiny.at("cache"));
  const loaded = await tiny.load();
  const { data: _, ...hubOnly } = loaded.value;
  await expect(runBenchmark({ ...loaded, value: hubOnly })).rejects.toThrow("the data set nobody/tiny is needed");

  // The hub's copy lacks the refusals: what needs them is left out, the rest is there.
  const snapshot = tiny.at("cache", "datasets--nobody--tiny", "snapshots", "0123456789".repeat(4));
  mkdirSync(snapshot, { recursive: true });
  for (const file of ["forget", "forget_perturbed", "retain", "retain_perturbed", "world_perturbed"]) {
    copyFileSync(tiny.at(`${file}.json`), join(snapshot, `${file}.json`));
  }
  mkdirSync(tiny.at("cache", "datasets--nobody--tiny", "refs"));
  writeFileSync(tiny.at("cache", "datasets--nobody--tiny", "refs", "main"), "0123456789".repeat(4));
  const { folder, config } = await findData(hubOnly, { report: silent });
  expect(folder).toBe(snapshot);
  const sets = namedSets(config, folder);
  const { leftOut } = await chooseMethods(config, sets, await whatIsGiven(config, sets));
  expect(leftOut.map(({ label }) => label).sort()).toEqual(["ap", "dpo", "idk"]);
  await checkFiles(config, folder);
  vi.unstubAllEnvs();
});

test("records lie in the folder as they are named, else as published; what is in neither form is missing under its own name", async () => {
  writeFileSync(
    tiny.at("packed.json"),
    '[{"train": [{"text": "Q", "labels": "A"}], "val": [{"text": "R", "labels": "B"}]}]',
  );
  const packed = "published: { path: packed.json, split: val }";
  const { value } = await tiny.load(
    `sets.there={ path: forget.json, ${packed} }`,
    `sets.packed={ path: nowhere.json, ${packed}, limit: 1 }`,
    "sets.gone={ path: gone.json, published: { path: gone-too.json } }",
  );
  const { config } = await findData(value, { report: silent, signal: undefined });
  expect(config.sets.there).toMatchObject([{ path: "forget.json" }]);
  expect(config.sets.there).not.toMatchObject([{ split: "val" }]);
  expect(config.sets.packed).toMatchObject([{ path: "packed.json", split: "val", limit: 1 }]);
  await expect(checkFiles(config, tiny.at())).rejects.toThrow("needs gone.json");
});
