import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mapFile } from "../mapped-file.ts";
import { createCpuMemory } from "./cpu-memory.ts";
import type { Environment } from "./environment.ts";
import type { WebgpuDevice } from "./webgpu-device.ts";
import { createWebgpuMemory } from "./webgpu-memory.ts";

const folder = mkdtempSync(join(tmpdir(), "lethe-mapped-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fail = () => {
  throw new Error("out of memory");
};
const environment = { api: { make: fail, call: () => {} }, cpuMemory: 0n } as unknown as Environment;
const device = { allocate: fail, busy: () => {} } as unknown as WebgpuDevice;

test.each([
  ["cpu", () => createCpuMemory(environment)],
  ["webgpu", () => createWebgpuMemory(environment, device)],
] as const)("a tensor that cannot be made on %s does not keep the file mapped", (name, create) => {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(4096));
  const file = mapFile(path);
  expect(() => create().mapped(file.memory(0, 16), [4], "float32")).toThrow("out of memory");
  file.dispose();
  if (process.platform === "linux") expect(readFileSync("/proc/self/maps", "utf8")).not.toContain(path);
});
