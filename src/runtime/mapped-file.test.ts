import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { cast, gemm, graph, input } from "../tensor/index.ts";
import type { Value } from "./backend.ts";
import { mapFile } from "./mapped-file.ts";
import { createOrtBackend } from "./ort/index.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const folder = mkdtempSync(join(tmpdir(), "lethe-mapped-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, bytes: Uint8Array | Uint16Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const isMapped = (path: string) => spawnSync("grep", ["-c", path, `/proc/${process.pid}/maps`]).status === 0;

test("a view shows the file's bytes, from any offset", () => {
  const path = fileOf(
    "bytes",
    Uint8Array.from({ length: 10_000 }, (_, i) => i % 251),
  );
  using file = mapFile(path);
  expect(file).toMatchObject({ path, size: 10_000, kind: "mapped", why: "" });
  expect([...file.view(4097, 3)]).toEqual([4097 % 251, 4098 % 251, 4099 % 251]);
  expect(file.view(10_000, 0)).toHaveLength(0);
});

test("an empty file is an empty file", () => {
  using file = mapFile(fileOf("empty", new Uint8Array()));
  expect(file).toMatchObject({ size: 0, kind: "read", why: "an empty file has no pages" });
  expect(file.view(0, 0)).toHaveLength(0);
});

test("ranges outside the file are refused", () => {
  using file = mapFile(fileOf("short", new Uint8Array(16)));
  for (const [offset, length] of [
    [0, 17],
    [16, 1],
    [-1, 2],
    [0, -1],
    [0.5, 1],
    [Number.NaN, 1],
  ] as const) {
    expect(() => file.view(offset, length), `${offset} ${length}`).toThrow(/outside the file of 16 bytes/);
    expect(() => file.memory(offset, length)).toThrow(/outside the file/);
  }
});

test("a missing file is the system's error", () => {
  expect(() => mapFile(join(folder, "nothing"))).toThrow(/ENOENT/);
});

test("a disposed file is not read, and disposing twice is fine", () => {
  const file = mapFile(fileOf("disposed", new Uint8Array(16)));
  const memory = file.memory(0, 16);
  file.dispose();
  file.dispose();
  expect(() => file.view(0, 1)).toThrow(/after it was disposed/);
  expect(() => file.memory(0, 1)).toThrow(/after it was disposed/);
  return createOrtBackend().then((backend) => {
    expect(() => backend.mapped(memory, [4], "float32")).toThrow(/mapped file that is disposed/);
    backend.dispose();
  });
});

test("a bfloat16 weight at an odd place is multiplied straight from the file, which stays mapped as long as it lives", async () => {
  const path = fileOf("weight", Uint16Array.of(9, 0x3f80, 0x4000, 0x4040, 0x4080));
  const file = mapFile(path);
  using backend = await createOrtBackend();
  const product = gemm(input("x", [1, 2]), cast(input("w", [2, 2], "bfloat16"), "float32"), { transB: true });
  using program = await backend.compile(graph({ y: product }));
  const w = backend.mapped(file.memory(2, 8), [2, 2], "bfloat16");
  using x = backend.value(Float32Array.of(10, 1), [1, 2]);
  file.dispose();
  using y = (await program.run({ x, w })).y as Value;
  expect([...(await backend.read(y))]).toEqual([12, 34]);
  expect([...(await backend.read(w))]).toEqual([0x3f80, 0x4000, 0x4040, 0x4080]);
  await expect(backend.write(w, Uint16Array.of(1, 2, 3, 4))).rejects.toThrow(/read-only/);
  if (process.platform === "linux") expect(isMapped(path)).toBe(true);
  w.dispose();
  await collected(() => !isMapped(path));
});

test("a file is not unmapped under a view that can still be read", async () => {
  const path = fileOf("viewed", new Uint8Array(8192).fill(5));
  const file = mapFile(path);
  let view: Uint8Array | undefined = file.view(0, 8192).subarray(10);
  file.dispose();
  collect();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(view[8000]).toBe(5);
  view = undefined;
  await collected(() => !isMapped(path));
});

test("a mapped file cannot be the place of a result", async () => {
  using file = mapFile(fileOf("target", new Uint8Array(16)));
  using backend = await createOrtBackend();
  using program = await backend.compile(graph({ y: gemm(input("x", [2, 2]), input("w", [2, 2])) }));
  using x = backend.allocate([2, 2]);
  using y = backend.mapped(file.memory(0, 16), [2, 2], "float32");
  await expect(program.run({ x, w: x }, { outputs: { y } })).rejects.toThrow(/mapped file/);
  expect(() => backend.mapped(file.memory(0, 12), [2, 2], "float32")).toThrow(
    /needs 16 bytes, the mapped range has 12/,
  );
});

test("mapping takes no memory of its own, however large the file", () => {
  const path = fileOf("large", new Uint8Array(1));
  truncateSync(path, 6 * 2 ** 30);
  using file = mapFile(path);
  const before = process.memoryUsage().rss;
  expect(file.view(5 * 2 ** 30, 4)).toHaveLength(4);
  expect(() => file.view(0, 5 * 2 ** 30)).toThrow(/longer than 4 GiB/);
  expect(file.memory(0, 5 * 2 ** 30).byteLength).toBe(5 * 2 ** 30);
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 25);
});

async function collected(done: () => boolean): Promise<void> {
  if (process.platform !== "linux") return;
  for (let i = 0; i < 50 && !done(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(done()).toBe(true);
}
