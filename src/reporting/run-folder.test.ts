import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fixtureRun, writeRunFolder } from "../../test/fixtures/run-fixture.ts";
import { RunError } from "../core/errors.ts";
import { readRunFolder } from "./run-folder.ts";
import { verdict } from "./verdict.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lethe-run-"));
  await writeRunFolder(folder, fixtureRun());
});
afterEach(() => rm(folder, { recursive: true }));

const refusal = async (): Promise<RunError> => {
  const error = await readRunFolder(folder).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RunError);
  return error as RunError;
};

describe("readRunFolder", () => {
  test("reads back what a run wrote, columns in reading order", async () => {
    const run = await readRunFolder(folder);
    expect(run).toEqual(fixtureRun({ name: run.name }));
    expect(folder.endsWith(run.name)).toBe(true);
    expect(run.evaluations.map((evaluation) => evaluation.column)).toEqual(["before", "after", "retrained"]);
  });

  test("can do without metrics and evaluations", async () => {
    await rm(join(folder, "metrics.jsonl"));
    await rm(join(folder, "evaluation"), { recursive: true });
    expect(await readRunFolder(folder)).toMatchObject({ steps: [], evaluations: [], trajectory: [] });
  });

  test.each(["config.yaml", "manifest.json"])("cannot do without %s", async (name) => {
    await rm(join(folder, name));
    expect((await refusal()).message).toBe(`${join(folder, name)} is missing`);
  });

  test("names the file and the key of a damaged manifest", async () => {
    const file = join(folder, "manifest.json");
    const manifest = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...manifest, hardware: { ...manifest.hardware, cores: "two" } }));
    const error = await refusal();
    expect(error.message).toContain(`${file}: hardware.cores: `);
    expect(error.place).toEqual({ file, key: "hardware.cores" });
  });

  test.each([
    ["config.yaml", "model: [a", /config\.yaml:1 is not YAML/],
    ["manifest.json", "{", /manifest\.json is not JSON/],
    ["manifest.json", "", /manifest\.json is not JSON: empty/],
    ["metrics.jsonl", '{"step": 1}\n', /metrics\.jsonl:1: epoch: /],
    ["metrics.jsonl", "\n", /metrics\.jsonl:1 is not JSON: empty/],
    ["evaluation/after.json", '{"column": "after"}', /after\.json: model: /],
    ["evaluation/again.json", '{"column":"after","model":"m","seed":1,"sets":[]}', /both hold the column "after"/],
    ["evaluation/trajectory.jsonl", '{"step": 1, "sets": 3}\n', /trajectory\.jsonl:1: sets: /],
  ])("refuses %s holding %j", async (name, text, message) => {
    await writeFile(join(folder, name), text);
    expect((await refusal()).message).toMatch(message);
  });

  test("drops half a last line of an unfinished run and says so, but refuses it in a finished one", async () => {
    await appendFile(join(folder, "metrics.jsonl"), '{"step": 12');
    expect((await refusal()).message).toMatch(/metrics\.jsonl:121 is not JSON/);
    const { manifest } = fixtureRun();
    await writeFile(join(folder, "manifest.json"), JSON.stringify({ ...manifest, finished: false }));
    const run = await readRunFolder(folder);
    expect(run.steps).toHaveLength(120);
    expect(run.notices).toEqual([
      "This run has not finished; what follows is what it had written so far.",
      "The last line of metrics.jsonl was cut off and is left out.",
    ]);
  });

  test("reads a null value as not finite, and such a run is not judged", async () => {
    const file = join(folder, "evaluation", "after.json");
    const text = (await readFile(file, "utf8")).replaceAll(/"value":[\d.e-]+/g, '"value":null');
    await writeFile(file, text);
    const { evaluations } = await readRunFolder(folder);
    expect(evaluations[1]?.sets[0]?.metrics.probability?.value).toBeNaN();
    expect(verdict(evaluations).status).toBe("unclear");
  });
});
