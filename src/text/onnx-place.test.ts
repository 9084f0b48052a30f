// What is taken for a folder, a file or a model of the hub, and what the optional package says when it is not there or fails.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFolderWithoutOnnx, onnxPlace } from "./onnx-place.ts";
import { embedHere, openClassifier, openTagger } from "./optional-transformers.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "lethe-onnx-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const needed = ["config.json", "tokenizer.json", "tokenizer_config.json"];

/** A folder with these files, all empty. */
function folder(name: string, ...files: string[]): string {
  const path = join(root, name);
  mkdirSync(join(path, "onnx"), { recursive: true });
  for (const file of files) writeFileSync(join(path, file), "");
  return path;
}
const local = { dtype: "fp32", local_files_only: true };

test("an ONNX file is found in a folder, beside its config or in a folder of its own, and by its own name", () => {
  const beside = folder("beside", ...needed, "model.onnx", "model_quantized.onnx");
  const own = folder("own", ...needed, "onnx/model_quantized.onnx");
  const ofBeside = { name: beside, options: { ...local, subfolder: "", model_file_name: "model" } };
  const ofOwn = { name: own, options: { ...local, subfolder: "onnx", model_file_name: "model_quantized" } };
  expect(onnxPlace(beside)).toMatchObject(ofBeside);
  // The package itself would look for runs/judge on the hub: what is here is named in full.
  expect(onnxPlace(relative(process.cwd(), beside))).toMatchObject(ofBeside);
  expect(onnxPlace(own)).toMatchObject(ofOwn);
  expect(onnxPlace(join(own, "onnx/model_quantized.onnx"))).toMatchObject(ofOwn);
  expect(onnxPlace(join(beside, "model_quantized.onnx"))).toMatchObject({
    name: beside,
    options: { subfolder: "", model_file_name: "model_quantized" },
  });
  expect([beside, folder("empty"), "org/name"].map(isFolderWithoutOnnx)).toEqual([false, true, false]);
});

test("what is not here is of the hub if it reads like an id", () => {
  expect(onnxPlace("org/name")).toMatchObject({ name: "org/name", options: {} });
  for (const path of ["./name", "/nowhere/at/all", "a/b/c", "model.onnx"])
    expect(() => onnxPlace(path)).toThrow(/there is no model/);
});

test.each<[what: string, files: string[], message: RegExp]>([
  ["no ONNX file", ["config.json", "model.safetensors"], /holds no ONNX file/],
  ["several, none of them model.onnx", [...needed, "a.onnx", "b.onnx"], /holds 2 ONNX files, none of them model.onnx/],
  ["no tokenizer", ["config.json", "model.onnx"], /there is no tokenizer.json, tokenizer_config.json in/],
])("a folder with %s is refused", (what, files, message) => {
  const path = folder(basename(what), ...files);
  expect(() => onnxPlace(path)).toThrow(message);
  expect(() => onnxPlace(join(path, "config.json"))).toThrow(/is no ONNX file/);
});

test("without the package a model is named with what it was taken for, and what the package says of one is kept short", async () => {
  const openings = [openClassifier, openTagger, (model: string) => embedHere(model, ["x"])];
  for (const open of openings) {
    await expect(open("runs/judge")).rejects.toMatchObject({
      message: expect.stringMatching(/^runs\/judge, which is no folder or file here and so a model of the hub, is run/),
      hint: expect.stringContaining("npm install @huggingface/transformers"),
    });
  }
  const broken = openTagger("runs/tagger", async () => ({
    pipeline: async () => {
      throw new Error("Unauthorized access\nand more");
    },
  }));
  await expect(broken).rejects.toThrow(/cannot be opened by @huggingface\/transformers: Unauthorized access$/);
});
