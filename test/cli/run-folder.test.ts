// A run folder that is taken, finished, damaged or cannot be written: nobody's files are touched, nothing half-written stays.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { truncate } from "./fixtures/damage.ts";
import { expectRefusal, expectRefused } from "./fixtures/refusal.ts";
import { createTinyProject, type TinyProject, trainConfig } from "./fixtures/tiny-project.ts";

const endless = ["train", "train.yaml", "training.steps=100000", "checkpointEvery=5", "output=cut"];
const resumed = [...endless, "--resume"];

let project: TinyProject;
beforeAll(async () => {
  project = createTinyProject();
  await startAndKill("cut");
  const { code, stderr } = await project.lethe(["train", "train.yaml"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
});
afterAll(() => project[Symbol.dispose]());

/** Leaves a run folder that was cut off after a checkpoint. */
async function startAndKill(output: string): Promise<void> {
  const { process: child, outcome } = project.start([...endless, `output=${output}`, "--json"]);
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (text: string) => text.includes('"step":12,') && resolve());
    child.on("close", () => resolve());
  });
  child.kill("SIGKILL");
  const { code, stderr } = await outcome;
  expect({ code, stderr }).toEqual({ code: null, stderr: "" });
}

/** A copy of the cut-off run under another name, with `change` made in it; its configuration names the new folder. */
function copyOfCut(name: string, change: (folder: string) => void): readonly string[] {
  cpSync(project.path("cut"), project.path(name), { recursive: true });
  const config = project.path(name, "config.yaml");
  project.write(`${name}/config.yaml`, readFileSync(config, "utf8").replace("output: cut", `output: ${name}`));
  change(project.path(name));
  return [...endless.slice(0, -1), `output=${name}`, "--resume"];
}

const checkpointOf = (folder: string) => `${folder}/checkpoints/${readdirSync(`${folder}/checkpoints`)[0]}`;

describe("a run folder", () => {
  test("in use by a living process is refused, with its number", async () => {
    const { process: child, outcome } = project.start([...endless, "output=busy"]);
    while (!existsSync(project.path("busy", "metrics.jsonl"))) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await project.lethe([...endless, "output=busy"]);
    expectRefusal(second, { message: `run folder busy is in use by process ${child.pid}`, do: "Wait for it to end" });
    const resumedToo = await project.lethe([...endless, "output=busy", "--resume"]);
    expectRefusal(resumedToo, { message: `is in use by process ${child.pid}` });
    child.kill("SIGKILL");
    await outcome;
  });

  test("with a cut-off run wants --resume, and the same configuration", async () => {
    await expectRefused(project, endless, { message: "cut already holds a cut-off run", do: "Add --resume" });
    await expectRefused(project, [...resumed, "training.batchSize=2"], {
      message: /the run in cut began with another configuration: line \d+ was "batchSize: 4" and is now "batchSize: 2"/,
      at: "cut/config.yaml",
      do: "the file and the overrides that it began with",
    });
  });

  test("with a finished run is not written over; resumed, only its report is", async () => {
    const line = ["train", "train.yaml"];
    const before = project.tree();
    await expectRefused(project, line, { message: "target already holds a finished run", do: "output=..." });
    const report = project.path("target", "report.html");
    rmSync(report);
    const { code, stderr } = await project.lethe([...line, "--resume"]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("only its report") });
    expect(project.tree()).toEqual(before);
  });

  test("that holds somebody's files is left alone", async () => {
    mkdirSync(project.path("mine"));
    project.write("mine/config.yaml", "mine: true\n");
    await expectRefused(project, ["train", "train.yaml", "output=mine"], {
      message: "mine is not empty and holds no run (config.yaml)",
      do: "new or empty",
    });
    expect(readFileSync(project.path("mine", "config.yaml"), "utf8")).toBe("mine: true\n");
  });

  test("left by a start that died before its run began is taken", async () => {
    mkdirSync(project.path("dead", "tokenizer"), { recursive: true });
    project.write("dead/tokenizer/tokenizer.json", "{ half a file");
    const { code, stderr } = await project.lethe(["train", "train.yaml", "training.steps=1", "output=dead"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readdirSync(project.path("dead", "model"))).toContain("tokenizer.json");
  });
});

describe("a cut-off run is not resumed", () => {
  test("from a damaged checkpoint", async () => {
    const states = copyOfCut("state", (folder) => truncate(`${checkpointOf(folder)}/optimiser.safetensors`, 5000));
    await expectRefused(project, states, {
      message: /checkpoint state\/checkpoints\/step-0+\d+ is damaged: .*needs data up to byte/,
      do: "Delete it and resume",
    });
    const positions = copyOfCut("position", (folder) => truncate(`${checkpointOf(folder)}/position.json`, 20));
    await expectRefused(project, positions, { message: /is damaged: .*position\.json: not valid JSON/ });
    rmSync(project.path("state", "checkpoints"), { recursive: true });
    const again = await project.lethe(["inspect", "state"]);
    expect(again.stdout).toMatch(/finished +no/);
  });

  test("when its log, its manifest or its data are not what they were", async () => {
    const logs = copyOfCut("log", (folder) => truncate(`${folder}/metrics.jsonl`, 10));
    await expectRefused(project, logs, {
      message: /log\/metrics\.jsonl holds 10 bytes, its checkpoint was taken after/,
    });
    const manifests = copyOfCut("manifest", (folder) => truncate(`${folder}/manifest.json`, 50));
    await expectRefused(project, manifests, { message: /manifest\.json: not valid JSON/ });

    const data = readFileSync(project.path("forget.jsonl"), "utf8");
    project.write("forget.jsonl", data.replace("Oslo", "Bern"));
    await expectRefused(project, resumed, {
      message: "forget.jsonl is not what it was when the run in cut began",
      do: "Put the file back",
    });
    project.write("forget.jsonl", data);
  });
});

/** Files larger than this many KiB cannot be written: the system call fails as it does on a full disk. */
const limited = (kib: number, line: string) => project.shell(`ulimit -f ${kib}; exec $LETHE ${line}`);

describe("a disk that takes no more", () => {
  test("at the start leaves no run folder", async () => {
    const before = project.tree();
    expectRefusal(await limited(1, "train train.yaml output=full"), { message: "cannot write", do: "on another disk" });
    expect(project.tree()).toEqual(before);
  });

  test("at a checkpoint leaves none of it", async () => {
    expectRefusal(await limited(60, "train train.yaml checkpointEvery=2 output=small"), {
      message: "cannot write small/checkpoints/step-00000002: the file grew beyond",
      do: "on another disk",
    });
    expect(project.tree().filter((name) => /^small.*(step|tmp)/.test(name))).toEqual([]);
  });

  test("at the end leaves no half model; with room again the run ends as it would have", async () => {
    const outcome = await limited(30, "train train.yaml output=tight");
    expectRefusal(outcome, { message: /cannot write .*\/tight\/model: the file grew beyond/, do: "on another disk" });
    expect(readdirSync(project.path("tight"))).not.toContain("model");
    expect(project.tree().filter((name) => /^tight.*tmp/.test(name))).toEqual([]);
    const { code, stderr } = await project.lethe(["train", "train.yaml", "output=tight", "--resume"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const weights = (run: string) => readFileSync(project.path(run, "model", "model.safetensors"));
    expect(weights("tight").equals(weights("target"))).toBe(true);
  });
});

test("a training that diverges stops and names step and a lower rate; no model is written", async () => {
  project.write("wild.yaml", stringify({ ...trainConfig, output: "wild" }));
  const outcome = await project.lethe(["train", "wild.yaml", "training.learningRate=1e9"]);
  expectRefusal(outcome, {
    message: /(the loss|the gradient's norm) is \S+ at step [1-8] of 8: training diverged/,
    do: "a lower training.learningRate than 1000000000, such as 100000000",
  });
  expect(readdirSync(project.path("wild"))).not.toContain("model");
});
