import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { findSwiftShader } from "../fixtures/swiftshader.ts";
import { claims } from "../fixtures/webgpu-claims.ts";

const { environment, missing } = findSwiftShader();
const script = fileURLToPath(new URL("../fixtures/webgpu-claims.ts", import.meta.url));

function runScript(task: string, extra: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, ["--import", "./bin/typescript-loader.js", script, task], {
    encoding: "utf8",
    env: { ...process.env, ...environment, ...extra },
    timeout: 120_000,
  });
}

describe.skipIf(!environment)(`WebGPU on SwiftShader${missing && ` (skipped: ${missing})`}`, () => {
  let failures: Record<string, string> = {};
  beforeAll(() => {
    const { status, signal, stdout, stderr } = runScript("check");
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
    failures = JSON.parse(stdout);
  }, 120_000);

  test.each(Object.keys(claims))("%s", (name) => {
    expect(failures[name] ?? "").toBe("");
  });
  test("a process that ends with work queued ends cleanly", () => {
    expect(runScript("fall-off-the-end").status).toBe(0);
    expect(runScript("exit").status).toBe(7);
    expect(runScript("dispose").status).toBe(0);
  });
});

// Only Linux lets a process be told that there is no driver.
test.skipIf(process.platform !== "linux")("without an adapter the error says so and what to do", () => {
  const { status, stderr } = runScript("check", { VK_ICD_FILENAMES: "/nonexistent.json" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/RuntimeFailure: WebGPU is not available/);
  expect(stderr).toMatch(/device "cpu"/);
});
