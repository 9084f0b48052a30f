// The commands on the results of others: evaluation, generation, report, inspection, adapters, JSON and help.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { z } from "zod";
import { commandTable } from "../../src/cli/command-table.ts";
import { readConfigArguments } from "../../src/cli/config-arguments.ts";
import { main } from "../../src/cli/main.ts";
import { createTerminal } from "../../src/cli/terminal.ts";
import { loadModel } from "../../src/models/load.ts";
import { loadAdapter } from "../../src/models/lora.ts";
import type { Model } from "../../src/models/model.ts";
import { createStageRunner } from "../../src/models/stage-runner.ts";
import { trainRun, unlearnRun } from "../../src/reporting/index.ts";
import { createOrtBackend } from "../../src/runtime/ort/index.ts";
import {
  createTinyProject,
  evaluation,
  root,
  type TinyProject,
  trainConfig,
  unlearnConfig,
} from "./fixtures/tiny-project.ts";

let project: TinyProject;
const good = async (...line: string[]) => {
  const outcome = await project.lethe(line);
  expect(outcome).toMatchObject({ code: 0 });
  return outcome;
};

beforeAll(async () => {
  project = createTinyProject();
  project.write("train.yaml", stringify({ ...trainConfig, training: { ...trainConfig.training, steps: 60 } }));
  project.write("unlearn.yaml", stringify({ ...unlearnConfig, evaluation }));
  await good("train", "train.yaml");
  await good("unlearn", "unlearn.yaml", "scope={name: lora, rank: 4}", "training.learningRate=0.02");
});
afterAll(() => project[Symbol.dispose]());

describe("on the result of a run", () => {
  test("eval measures several models and keeps every value", async () => {
    const models = ["--model", "target/model", "--model", "forgotten/model"];
    const text = await good("eval", "unlearn.yaml", ...models, "--output", "values/all.json");
    expect(text.stdout).toMatch(/target\/model +forgotten\/model +n\n/);
    expect(text.stdout).toMatch(/\n {2}probability +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] .* 16\n/);
    const [before, after] = JSON.parse(readFileSync(project.path("values", "all.json"), "utf8"));
    expect(before.sets[0].metrics.probability.perExample).toHaveLength(4);
    expect(after.sets[0].metrics.probability.value).toBeLessThan(before.sets[0].metrics.probability.value);

    const json = await good("eval", "unlearn.yaml", ...models, "--json");
    expect(JSON.parse(json.stdout)).toEqual([before, after]);
  });

  test("report is written again, inspect shows model, adapter and run", async () => {
    const { stdout } = await good("report", "forgotten", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      folder: "forgotten",
      evaluations: [{ column: "before" }, { column: "after" }],
    });
    expect(readFileSync(project.path("forgotten", "report.html"), "utf8")).toMatch(/^<!doctype html>/i);
    expect((await good("inspect", "target/model")).stdout).toMatch(/parameters +10,000/);
    expect((await good("inspect", "forgotten/adapter")).stdout).toMatch(/lora_A/);
    expect((await good("inspect", "forgotten")).stdout).toMatch(/finished +yes[\s\S]*steps +4/);
  });

  test("the base with its adapter says what the merged model says", async () => {
    const questions = ["Where does Ada live?", "What does Hana eat?"];
    const merged = await good("generate", "forgotten/model", ...questions, "--json");
    const laid = await good("generate", "target/model", ...questions, "--adapter", "forgotten/adapter", "--json");
    expect(JSON.parse(laid.stdout)).toEqual(JSON.parse(merged.stdout));
    expect(JSON.parse(laid.stdout)).toHaveLength(2);
    const base = await good("generate", "target/model", ...questions, "--json");
    expect(base.stdout).not.toBe(merged.stdout);

    using backend = await createOrtBackend({ threads: 1 });
    using whole = loadModel(project.path("forgotten", "model"), backend);
    using original = loadModel(project.path("target", "model"), backend);
    const plain = await logProbabilities(original);
    loadAdapter(original, project.path("forgotten", "adapter"));
    const [a, b] = [await logProbabilities(whole), await logProbabilities(original)];
    expect(a.length).toBe(300);
    expect(worst(a, b)).toBeLessThan(1e-4);
    expect(worst(a, plain)).toBeGreaterThan(1e-2);
  });

  test("generate is seeded", async () => {
    const line = ["generate", "target/model", "--raw", "Where", "--temperature", "2", "--max-new-tokens", "12"];
    const [first, again, other] = [
      await good(...line, "--seed", "1"),
      await good(...line, "--seed", "1"),
      await good(...line, "--seed", "2"),
    ];
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
  });
});

/** log p of every token after a fixed beginning. */
async function logProbabilities(model: Model): Promise<Float32Array> {
  const ids = Int32Array.of(0, 40, 60, 80, 100, 120);
  using pass = await createStageRunner(model).forward({ ids, batch: 1, seq: ids.length });
  const every = {
    rows: new Int32Array(300).fill(ids.length - 1),
    labels: Int32Array.from({ length: 300 }, (_, i) => i),
  };
  const { nll } = await createStageRunner(model).quantities(pass, every, ["nll"]);
  return (nll as Float32Array).map((x) => -x);
}

const worst = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));

describe("--json", () => {
  test("of a run is one object per line on stdout, from its start to the result, and nothing else", async () => {
    const { stdout, stderr } = await good("unlearn", "unlearn.yaml", "output=json", "--json");
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(stderr).toBe("");
    expect(events[0]).toMatchObject({ type: "run-start", folder: "json" });
    expect(events.filter(({ type }) => type === "step-end").map(({ step, steps }) => [step, steps])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    expect(events.at(-2)).toMatchObject({ type: "run-end", outcome: "finished" });
    expect(events.at(-1)).toMatchObject({ type: "result", folder: "json", evaluations: [{}, {}] });
  });

  test("of a mistake is one object on stderr", async () => {
    const { code, stdout, stderr } = await project.lethe(["unlearn", "unlearn.yaml", "output=target", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: "run",
        message: "target already holds a finished run",
        hint: expect.stringContaining("output=..."),
        place: { file: "target" },
      },
    });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).type),
    ).toEqual(["run-start", "run-end"]);
  });
});

describe("--help of", () => {
  const schemas: Record<string, z.ZodType> = { train: trainRun, unlearn: unlearnRun };

  test.each(commandTable)("$name shows examples that are right", async ({ name, load }) => {
    const { examples } = await load();
    expect(examples.length).toBeGreaterThan(0);
    const help = await project.lethe([name, "--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(`Examples:\n${examples.map((example) => `  $ ${example}`).join("\n")}`);
    for (const example of examples) await checkExample(example);
  });

  async function checkExample(example: string): Promise<void> {
    const words = execFileSync("bash", ["-c", `printf '%s\\0' ${example}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1);
    const [program, name, ...rest] = words;
    expect(program, example).toBe("lethe");
    const entry = commandTable.find((each) => each.name === name);
    const command = await entry?.load();
    if (!entry || !command) throw new Error(`no command in: ${example}`);
    // Parsed as the command line is, but not run.
    let positional: readonly string[] | undefined;
    const parsed = {
      ...command,
      run: async (call: { positional: readonly string[] }) => {
        positional = call.positional;
      },
    };
    const quiet = { write: () => {} };
    const options = { table: [{ ...entry, load: async () => parsed }], terminal: createTerminal(quiet, quiet, {}) };
    expect(await main(words.slice(1), options), example).toBe(0);

    // A path with a folder is one of this repository; a bare name is the reader's own.
    const shipped = rest.filter((word) => /^[\w-]+\/.*\.ya?ml$/.test(word));
    for (const file of shipped) expect(existsSync(join(root, file)), `${example}: ${file}`).toBe(true);
    const schema = schemas[entry.name];
    if (!schema || shipped.length === 0) return;
    const inRepository = (positional ?? []).map((word) => (shipped.includes(word) ? join(root, word) : word));
    await expect(readConfigArguments(schema, inRepository), example).resolves.toBeDefined();
  }
});
