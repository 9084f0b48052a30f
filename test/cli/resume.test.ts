// Killed at any moment, or stopped with Ctrl-C, a run that is resumed ends in the bytes of one that was never interrupted.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import {
  createTinyProject,
  evaluation,
  type TinyProject,
  trainConfig,
  unlearnConfig,
} from "./fixtures/tiny-project.ts";

/** What a run leaves that its configuration and seed decide, as hashes; how many events it prints; what its manifest says of the weights. */
interface Whole {
  readonly results: Record<string, string>;
  readonly events: number;
  readonly weights: unknown;
}

const teaching = ["train", "long.yaml"];
const forgetting = ["unlearn", "npo.yaml"];

let project: TinyProject;
let taught: Whole;
beforeAll(async () => {
  project = createTinyProject();
  const shared = { checkpointEvery: 3, evaluation: { ...evaluation, every: 10 }, output: "run" };
  const training = { ...trainConfig.training, steps: 40 };
  project.write("long.yaml", stringify({ ...trainConfig, ...shared, training }));
  // Every quantity of the original model that a loss can ask for: likelihoods of what goes, distributions of what stays.
  const objective = { name: "npo", beta: 0.1, retain: "kl" };
  const slower = { ...unlearnConfig.training, steps: 40, accumulation: 2 };
  project.write(
    "npo.yaml",
    stringify({ ...unlearnConfig, ...shared, model: "taught/model", objective, training: slower }),
  );
  taught = await runWhole(teaching, "taught");
});
afterAll(() => project[Symbol.dispose]());

function results(): Record<string, string> {
  const evaluations = ["before", "after"].map((column) => `evaluation/${column}.json`);
  const files = ["model/model.safetensors", "model/tokenizer.json", "metrics.jsonl", "evaluation/trajectory.jsonl"];
  const present = [...files, ...evaluations].filter((name) => existsSync(project.path("run", name)));
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(project.path("run", name)))
      .digest("hex");
  return Object.fromEntries(present.map((name) => [name, hash(name)]));
}

const manifest = () => JSON.parse(readFileSync(project.path("run", "manifest.json"), "utf8"));

/** An uninterrupted run; its folder makes room for the interrupted one. */
async function runWhole(line: readonly string[], keepAs: string): Promise<Whole> {
  const { code, stdout, stderr } = await project.lethe([...line, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const whole = { results: results(), events: stdout.trimEnd().split("\n").length, weights: manifest().weights };
  renameSync(project.path("run"), project.path(keepAs));
  return whole;
}

/** Runs until so many events were printed, then sends the signal. */
async function interrupt(line: readonly string[], events: number, signal: "SIGKILL" | "SIGINT") {
  const { process: child, outcome } = project.start([...line, "--json"]);
  let seen = 0;
  child.stdout?.on("data", (text: string) => {
    seen += text.split("\n").length - 1;
    // A second Ctrl-C would end the process at once.
    if (seen >= events && !child.killed) child.kill(signal);
  });
  return outcome;
}

/** Kills a run three times, each time after a random number of events, and lets it end; returns those numbers. */
async function killAndResume(line: readonly string[], events: number): Promise<number[]> {
  const points: number[] = [];
  for (const resume of [[], ["--resume"], ["--resume"]]) {
    points.push(1 + Math.floor((Math.random() * events) / 3));
    const { code, stderr } = await interrupt([...line, ...resume], points.at(-1) as number, "SIGKILL");
    expect({ code, stderr }, `killed after ${points.join(", ")} events`).toEqual({ code: null, stderr: "" });
  }
  const { code, stderr } = await project.lethe([...line, "--resume"]);
  expect({ code, stderr }, `killed after ${points.join(", ")} events`).toMatchObject({ code: 0 });
  return points;
}

test("a training killed three times at random ends in the same bytes", async () => {
  const points = await killAndResume(teaching, taught.events);
  expect(results(), `killed after ${points.join(", ")} events`).toEqual(taught.results);
  expect(manifest()).toMatchObject({ finished: true, weights: taught.weights });
  renameSync(project.path("run"), project.path("taught-killed"));
});

test("an unlearning killed three times at random does too: it asks the original model again, not the one it has made", async () => {
  const whole = await runWhole(forgetting, "forgotten");
  const points = await killAndResume(forgetting, whole.events);
  expect(results(), `killed after ${points.join(", ")} events`).toEqual(whole.results);
  expect(manifest()).toMatchObject({ finished: true, weights: whole.weights });
  renameSync(project.path("run"), project.path("forgotten-killed"));
});

test("Ctrl-C stops at once, says how to go on, and loses no step", async () => {
  const line = [...teaching, "checkpointEvery=0"];
  const { code, stdout } = await interrupt(line, 18, "SIGINT");
  const events = eventsOf(stdout);
  const steps = events.filter(({ type }) => type === "step-end").length;
  expect(code).toBe(130);
  expect(events.at(-2)).toMatchObject({ type: "run-end", outcome: "aborted", folder: "run" });
  expect(events.at(-1)).toEqual({ type: "note", text: `The same command with --resume goes on after step ${steps}.` });
  expect(steps).toBeLessThan(40);

  const rest = await project.lethe([...line, "--resume", "--json"]);
  const first = eventsOf(rest.stdout).find(({ type }) => type === "step-end");
  expect({ code: rest.code, step: first?.step }).toEqual({ code: 0, step: steps + 1 });
  expect(results()).toEqual(taught.results);
});

test("Ctrl-C before the run has begun leaves no folder", async () => {
  const before = project.tree();
  const { code, stderr } = await interrupt([...teaching, "output=unbegun"], 1, "SIGINT");
  expect({ code, stderr: stderr.trim().split("\n").at(-1) }).toEqual({ code: 130, stderr: "stopped" });
  expect(project.tree()).toEqual(before);
});

function eventsOf(stdout: string): { readonly type: string; readonly step?: number }[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
