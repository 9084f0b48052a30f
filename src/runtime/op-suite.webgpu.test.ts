// The op suite through WebGPU. A real adapter is used when LETHE_TEST_WEBGPU=native; else SwiftShader, a Vulkan driver on the CPU that Debian's
// chromium package carries. Its place must be in the environment before the process starts, hence the child processes.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import type { OpResult } from "./op-suite.ts";
import { opCases } from "./op-suite-cases.ts";

const chromium = "/usr/lib/chromium";
const driver = join(chromium, "vk_swiftshader_icd.json");
const native = process.env.LETHE_TEST_WEBGPU === "native";
const missing =
  native || existsSync(driver) ? undefined : `no Vulkan driver: ${driver} is missing (Debian package chromium)`;

const folder = mkdtempSync(join(tmpdir(), "lethe-webgpu-"));
afterAll(() => rmSync(folder, { recursive: true }));

const swiftShader = {
  VK_ICD_FILENAMES: driver,
  LD_LIBRARY_PATH: [chromium, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
  XDG_RUNTIME_DIR: folder,
};

const suite = new URL("./op-suite-main.ts", import.meta.url);
const placement = new URL("./op-suite-placement.ts", import.meta.url);

async function linesOf(script: URL, ...args: string[]): Promise<string[]> {
  const env = { ...process.env, ...(native ? {} : swiftShader) };
  const options = { env, timeout: 300_000, maxBuffer: 1 << 24 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "./bin/typescript-loader.js", fileURLToPath(script), ...args],
    options,
  );
  return stdout.split("\n").filter((line) => line !== "");
}

const webgpu = test.skipIf(missing !== undefined);
const why = missing === undefined ? "" : ` (skipped: ${missing})`;

webgpu(`every op and gradient through WebGPU equals the reference${why}`, { timeout: 300_000 }, async () => {
  const results = (await linesOf(suite, "webgpu")).map((line) => JSON.parse(line) as OpResult);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results).toHaveLength(opCases.length);
});

webgpu(`no op falls back to the CPU${why}`, { timeout: 300_000 }, async () => {
  expect(await linesOf(placement)).toEqual([]);
});
