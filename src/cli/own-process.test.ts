// A benchmark's runs in processes of their own: the same numbers, the same failures, and an end when the whole is stopped.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type TinyBenchmark, tinyBenchmark } from "../benchmarks/fixtures/tiny-benchmark.ts";
import { runBenchmark } from "../benchmarks/index.ts";
import type { BenchmarkResult } from "../benchmarks/result.ts";
import type { TaskEvent } from "../core/events.ts";
import { inOwnProcess } from "./own-process.ts";

let tiny: TinyBenchmark;
let apart: BenchmarkResult;
const events: TaskEvent[] = [];
const chosen = ["run=[ga, grad-diff]", "methods.ga.training.learningRate=1e30"];
beforeAll(async () => {
  tiny = tinyBenchmark();
  const report = (event: TaskEvent) => events.push(event);
  apart = await runBenchmark(await tiny.load(...chosen), { jobs: 2, runner: inOwnProcess(1), report });
}, 120_000);
afterAll(() => tiny[Symbol.dispose]());
afterEach(() => vi.unstubAllEnvs());

test("rows stand in the declared order and hold what they hold when this process does the runs", async () => {
  const models = [`target=${tiny.at("out", "target")}`, `retrained=${tiny.at("out", "retrained", "model")}`];
  const here = await runBenchmark(await tiny.load(...chosen, ...models, `output=${tiny.at("here")}`));
  const told = ({ rows }: BenchmarkResult) => rows.map(({ method, cells, failure }) => ({ method, cells, failure }));
  expect(told(apart)).toEqual(told(here));
  expect(apart.rows.map(({ method }) => method)).toEqual(["before", "retrained", "ga", "grad-diff"]);
});

test("a run that diverges in its process is a row that says so, and its seconds and memory are its own", () => {
  expect(apart.rows[2]?.failure).toContain("diverged");
  expect(apart.rows[3]).toMatchObject({ steps: 4, seconds: expect.any(Number), peakMegabytes: expect.any(Number) });
});

test("what a run says bears its name, and its configuration stays beside its folder", () => {
  const said = events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  expect(said).toContainEqual(expect.stringMatching(/^target: finished after \d+ s$/));
  expect(events.some(({ type }) => type === "step-end")).toBe(false);
  const run = tiny.at("out", "runs", "grad-diff-seed0");
  expect(readFileSync(`${run}.yaml`, "utf8")).toBe(readFileSync(`${run}/config.yaml`, "utf8"));
});

/** The teaching of the target, into another folder. */
const teaching = (output: string) =>
  ({
    value: { output },
    yaml: readFileSync(tiny.at("out", "target.yaml"), "utf8").replace(tiny.at("out", "target"), output),
  }) as never;

/** Every process that begins from here on writes a file, says half an event, and is killed. */
function killAtOnce(): string {
  const begun = tiny.at("begun");
  const kill = `import { writeFileSync, writeSync } from "node:fs";
    writeFileSync(${JSON.stringify(begun)}, "");
    writeSync(1, '{"type":"no');
    writeSync(2, "out of luck\\n");
    process.kill(process.pid, "SIGKILL");`;
  writeFileSync(tiny.at("kill.mjs"), kill);
  vi.stubEnv("NODE_OPTIONS", `--import=${pathToFileURL(tiny.at("kill.mjs"))}`);
  return begun;
}

test("stopped, it stops the process, and what was done stays there to go on from", async () => {
  const stop = new AbortController();
  // A folder whose name looks like an override.
  const output = tiny.at("stopped", "lr=0.1");
  const report = (event: TaskEvent) => {
    if (event.type === "run-start") stop.abort(new Error("enough"));
  };
  const { train } = inOwnProcess(1);
  await expect(train(teaching(output), { report, signal: stop.signal })).rejects.toThrow("enough");
  expect(existsSync(`${output}/model`)).toBe(false);
});

test("stopped before its process began, none begins", async () => {
  const begun = killAtOnce();
  const stop = new AbortController();
  const training = inOwnProcess(1).train(teaching(tiny.at("unbegun")), { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(training).rejects.toThrow("enough");
  expect(existsSync(begun)).toBe(false);
});

test("a process that is killed in the middle of an event is an error with its last words", async () => {
  const begun = killAtOnce();
  const training = inOwnProcess(1).train(teaching(tiny.at("killed")), {});
  await expect(training).rejects.toMatchObject({
    code: "runtime",
    message: `the process of ${tiny.at("killed")} ended by SIGKILL, its last words: out of luck`,
  });
  expect(existsSync(begun)).toBe(true);
});
