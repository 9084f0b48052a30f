// The op suite through WebGPU. A real adapter is used when LETHE_TEST_WEBGPU=native; else SwiftShader, a Vulkan driver on the CPU that Debian's
// chromium package carries. Its place must be in the environment before the process starts, hence the child processes.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { OpResult } from "./fixtures/op-suite.ts";
import { opCases } from "./fixtures/op-suite-cases.ts";
import { findSwiftShader } from "./fixtures/swiftshader.ts";

const native = process.env.LETHE_TEST_WEBGPU === "native";
const { environment, missing } = native ? { environment: {}, missing: "" } : findSwiftShader();

const suite = new URL("./fixtures/op-suite-main.ts", import.meta.url);
const placement = new URL("./fixtures/op-suite-placement.ts", import.meta.url);

async function linesOf(script: URL, ...args: string[]): Promise<string[]> {
  const env = { ...process.env, ...environment };
  const options = { env, timeout: 300_000, maxBuffer: 1 << 24 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "./bin/typescript-loader.js", fileURLToPath(script), ...args],
    options,
  );
  return stdout.split("\n").filter((line) => line !== "");
}

const webgpu = test.skipIf(!environment);
const why = missing && ` (skipped: ${missing})`;

webgpu(`every op and gradient through WebGPU equals the reference${why}`, { timeout: 300_000 }, async () => {
  const results = (await linesOf(suite, "webgpu")).map((line) => JSON.parse(line) as OpResult);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results).toHaveLength(opCases.length);
});

webgpu(`no op falls back to the CPU${why}`, { timeout: 300_000 }, async () => {
  expect(await linesOf(placement)).toEqual([]);
});
