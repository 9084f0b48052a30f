// Training on WebGPU (SwiftShader here): state stays on the device, losses equal the CPU's.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findSwiftShader } from "../runtime/fixtures/swiftshader.ts";

const { environment, missing } = findSwiftShader();

test.skipIf(!environment)(`training on WebGPU gives the CPU's losses ${missing}`.trim(), async () => {
  const script = fileURLToPath(new URL("./fixtures/train-on-devices.ts", import.meta.url));
  const loader = fileURLToPath(new URL("../../bin/typescript-loader.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", loader, script], {
    env: { ...process.env, ...environment },
  });
  const { cpu, webgpu } = JSON.parse(stdout) as { cpu: number[]; webgpu: number[] };
  expect(cpu).toHaveLength(6);
  cpu.forEach((loss, i) => {
    expect(Math.abs(loss - (webgpu[i] as number))).toBeLessThan(1e-4);
  });
  expect(cpu.at(-1)).toBeLessThan(cpu[0] as number);
});
