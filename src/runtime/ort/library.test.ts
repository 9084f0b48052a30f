import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadApi } from "./api.ts";
import { chooseLibrary } from "./library.ts";

test("the library of onnxruntime-node is found", () => {
  const { file, why } = chooseLibrary({});
  expect(file).toMatch(/onnxruntime-node.*bin.*napi-v6/);
  expect(why).toBe("the package onnxruntime-node");
  expect(loadApi(file).version).toMatch(/^1\.\d+\.\d+/);
});

test("LETHE_ORT_LIBRARY overrides it", () => {
  const { file } = chooseLibrary({});
  expect(chooseLibrary({ LETHE_ORT_LIBRARY: file })).toEqual({ file, why: "LETHE_ORT_LIBRARY" });
});

test("a platform without a library is told what it can do", () => {
  expect(() => chooseLibrary({}, "darwin", "x64")).toThrow(/no ONNX Runtime for darwin x64/);
  expect(() => chooseLibrary({}, "freebsd", "x64")).toThrow(/freebsd x64/);
});

test("a path to nothing, or to something else, is an error and not a crash", () => {
  expect(() => chooseLibrary({ LETHE_ORT_LIBRARY: "/nowhere/libonnxruntime.so" })).toThrow(/does not exist/);
  const text = join(mkdtempSync(join(tmpdir(), "lethe-library-")), "text.so");
  writeFileSync(text, "no library");
  expect(() => loadApi(text)).toThrow(/is not ONNX Runtime/);
  expect(() => loadApi(join(process.execPath))).toThrow(/is not ONNX Runtime/);
});

test("ONNX Runtime prints nothing of a failure that is thrown", () => {
  const index = new URL("./index.ts", import.meta.url).href;
  const code = `
    import { createOrtBackend } from ${JSON.stringify(index)};
    const backend = await createOrtBackend();
    const bad = { onnx: Uint8Array.of(8, 9, 58, 2, 10, 0), inputs: {}, outputs: {} };
    await backend.compileOnnx(bad).then(() => process.exit(9), () => {});
  `;
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "./bin/typescript-loader.js", "--input-type=module", "--eval", code],
    { encoding: "utf8" },
  );
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: "", stdout: "" });
});
