import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RunError } from "../core/errors.ts";
import type { RunClaim } from "./run-claim.ts";
import { logFiles } from "./run-claim.ts";
import { openRunFolder } from "./run-folder.ts";

test.runIf(process.platform === "linux")("a log that was shortened is a RunError, and no log stays open", async () => {
  const path = mkdtempSync(join(tmpdir(), "lethe-run-folder-"));
  const last = logFiles.at(-1) as string;
  for (const name of logFiles) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), '{"step":1}\n');
  }
  const restored = { logBytes: { [last]: 100 } };
  const claim = { path, yaml: "", earlier: undefined, restored, begin: () => {} } as unknown as RunClaim;
  const details = { command: [], seed: 1, dataFiles: [], device: "cpu", onnxruntime: "", choices: [] };
  await expect(openRunFolder(claim, details)).rejects.toThrow(RunError);
  expect(openFiles().filter((file) => file.startsWith(path))).toEqual([]);
  rmSync(path, { recursive: true });
});

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return "";
    }
  });
}
