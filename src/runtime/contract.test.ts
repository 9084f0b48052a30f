// What every backend of the contract keeps to: each claim runs on ONNX Runtime and on the reference.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test } from "vitest";
import { LetheError } from "../core/errors.ts";
import { add, graph, input, sub } from "../tensor/index.ts";
import type { Backend, Value } from "./backend.ts";
import { mapFile } from "./mapped-file.ts";
import { createOrtBackend } from "./ort/index.ts";
import { createReferenceBackend } from "./reference/index.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const folder = mkdtempSync(join(tmpdir(), "lethe-contract-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sumOf = (shape: readonly number[]) => graph({ y: add(input("a", shape), input("b", shape)) });
const floats = (...numbers: number[]) => Float32Array.from(numbers);
const isMapped = (path: string) => spawnSync("grep", ["-c", path, `/proc/${process.pid}/maps`]).status === 0;

async function errorOf(work: () => unknown): Promise<LetheError> {
  try {
    await work();
  } catch (error) {
    expect(LetheError.isInstance(error), String(error)).toBe(true);
    return error as LetheError;
  }
  throw new Error("nothing was thrown");
}

const backends: Array<[string, () => Promise<Backend>]> = [
  ["ONNX Runtime", () => createOrtBackend()],
  ["the reference", async () => createReferenceBackend()],
];

describe.each(backends)("%s", (label, create) => {
  test("a structurally equal graph is compiled once, and lives until its last holder lets go", async () => {
    using backend = await create();
    const first = await backend.compile(sumOf([3]));
    const second = await backend.compile(sumOf([3]));
    first.dispose();
    first.dispose();
    using a = backend.value(floats(1, 2, 3), [3]);
    expect((await errorOf(() => first.run({ a, b: a }))).message).toContain("after it was disposed");
    const { y } = await second.run({ a, b: a });
    expect([...(await backend.read(y as Value))]).toEqual([2, 4, 6]);
    second.dispose();
  });

  describe("says what is wrong before anything is computed", async () => {
    const backend = await create();
    const program = await backend.compile(sumOf([2, 3]));
    const good = backend.allocate([2, 3]);
    const cases: Array<[string, () => unknown, string, RegExp]> = [
      ["a missing input", () => program.run({ a: good }), "runtime", /input "b" of program \(y\) is missing/],
      [
        "an unknown input",
        () => program.run({ a: good, b: good, c: good }),
        "runtime",
        /program \(y\) has no input "c"/,
      ],
      [
        "another shape",
        () => program.run({ a: good, b: backend.allocate([3, 2]) }),
        "shape",
        /input "b" of program \(y\) is float32 \[2, 3\], got float32 \[3, 2\]/,
      ],
      [
        "another rank",
        () => program.run({ a: good, b: backend.allocate([6]) }),
        "shape",
        /\[2, 3\], got float32 \[6\]/,
      ],
      ["another dtype", () => program.run({ a: good, b: backend.allocate([2, 3], "int32") }), "shape", /got int32/],
      [
        "an output of another shape",
        () => program.run({ a: good, b: good }, { outputs: { y: backend.allocate([2]) } }),
        "shape",
        /output "y" of program \(y\)/,
      ],
      [
        "an unknown output",
        () => program.run({ a: good, b: good }, { outputs: { z: good } }),
        "runtime",
        /no output "z"/,
      ],
      ["data of another length", () => backend.value(floats(1), [2]), "shape", /\[2\] has 2 elements/],
      ["an array of another type", () => backend.value(floats(1), [1], "int32"), "shape", /held by a Int32Array/],
      ["16 bits without a dtype", () => backend.value(Uint16Array.of(1), [1]), "shape", /does not say its dtype/],
      ["a negative dimension", () => backend.allocate([-1]), "shape", /impossible/],
      ["a write of another length", () => backend.write(good, floats(1)), "shape", /6 elements/],
      ["a foreign value", () => backend.read({ ...good }), "runtime", /another backend/],
      [
        "an array that does not hold float64",
        () => backend.value(Float64Array.of(1), [1], "int32"),
        "shape",
        /held by a Int32Array/,
      ],
      [
        "one value for two results",
        async () => {
          const a = input("a", [2, 3]);
          const two = await backend.compile(graph({ y: add(a, a), z: sub(a, a) }));
          const target = backend.allocate([2, 3]);
          return two.run({ a: good }, { outputs: { y: target, z: target } });
        },
        "runtime",
        /another output is given too/,
      ],
    ];
    test.each(cases)("%s", async (_, work, code, message) => {
      const error = await errorOf(work);
      expect(error.message).toMatch(message);
      expect(error.code).toBe(code);
    });
  });

  test("disposing is idempotent and use afterwards is an error", async () => {
    const backend = await create();
    const program = await backend.compile(sumOf([1]));
    const a = backend.value(floats(1), [1]);
    a.dispose();
    a.dispose();
    expect((await errorOf(() => program.run({ a, b: a }))).message).toMatch(/input "a".*is disposed/);
    expect((await errorOf(() => backend.read(a))).message).toContain("is disposed");
    program.dispose();
    backend.dispose();
    backend.dispose();
    expect((await errorOf(() => backend.compile(sumOf([1])))).message).toContain("after it was disposed");
    expect((await errorOf(() => backend.allocate([1]))).message).toContain("after it was disposed");
  });

  test("keeps a file mapped while a value over it lives, and not longer", async () => {
    const path = join(folder, label.replaceAll(" ", "-"));
    writeFileSync(path, floats(...Array.from({ length: 4096 }, (_, i) => i)));
    const backend = await create();
    const file = mapFile(path);
    const memory = file.memory(0, 4 * 4096);
    const value = backend.mapped(memory, [4096], "float32");
    file.dispose();
    const program = await backend.compile(sumOf([4096]));
    using y = (await program.run({ a: value, b: value })).y as Value;
    expect((await backend.read(y))[4095]).toBe(2 * 4095);
    if (process.platform === "linux") expect(isMapped(path)).toBe(true);
    value.dispose();
    value.dispose();
    await settled(path);
    expect((await errorOf(() => backend.mapped(memory, [4096], "float32"))).message).toContain("disposed");
  });

  test("lets go of a file once a forgotten value over it is collected", async () => {
    const path = join(folder, `${label.replaceAll(" ", "-")}-forgotten`);
    writeFileSync(path, new Uint8Array(16));
    const backend = await create();
    const file = mapFile(path);
    let value: Value | undefined = backend.mapped(file.memory(0, 16), [4], "float32");
    expect(value.byteLength).toBe(16);
    value = undefined;
    file.dispose();
    await settled(path);
  });

  test("never writes into a mapped file", async () => {
    const path = join(folder, `${label.replaceAll(" ", "-")}-target`);
    writeFileSync(path, new Uint8Array(16));
    using file = mapFile(path);
    const backend = await create();
    using y = backend.mapped(file.memory(0, 16), [4], "float32");
    using a = backend.allocate([4]);
    expect((await errorOf(() => backend.write(y, floats(1, 2, 3, 4)))).message).toContain("read-only");
    const program = await backend.compile(sumOf([4]));
    expect((await errorOf(() => program.run({ a, b: a }, { outputs: { y } }))).message).toContain("mapped file");
    expect((await errorOf(() => backend.mapped(file.memory(0, 12), [4], "float32"))).message).toContain(
      "needs 16 bytes, the mapped range has 12",
    );
  });
});

async function settled(path: string): Promise<void> {
  if (process.platform !== "linux") return;
  for (let i = 0; i < 50 && isMapped(path); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(isMapped(path)).toBe(false);
}
