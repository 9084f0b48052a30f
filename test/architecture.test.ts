// The rules of the source tree, read from its files: imports go downward, nothing goes round in circles, files stay small.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** From the bottom up. A folder may import itself and whatever lies lower; folders on one line do not know each other. */
const layers = [
  ["core"],
  ["tensor"],
  ["runtime"],
  ["weights", "text"],
  ["models", "data"],
  ["training", "generation"],
  ["steering"],
  ["unlearning"],
  ["evaluation"],
  ["reporting"],
  ["benchmarks"],
  ["serving", "service"],
  ["cli"],
];
const heightOf = new Map(layers.flatMap((folders, height) => folders.map((folder) => [folder, height] as const)));

const LONGEST_FILE = 400;

interface Import {
  readonly from: string;
  readonly to: string;
  /** A dynamic import does not run when its file is loaded, a type import never does. */
  readonly static: boolean;
}

const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.includes("fixtures"))
  .map((name) => join("src", name));
const textOf = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const imports = files.flatMap((file) => readImports(file, textOf.get(file) as string));

test("every folder of src/ is a layer", () => {
  const folders = new Set(files.map(layerOf));
  expect([...folders].filter((folder) => !heightOf.has(folder))).toEqual([]);
});

test("imports go downward only", () => {
  const arrows = imports
    .filter(({ from, to }) => layerOf(from) !== layerOf(to))
    .filter(({ from, to }) => (heightOf.get(layerOf(to)) ?? 0) >= (heightOf.get(layerOf(from)) ?? 0))
    .map(({ from, to }) => `${from} imports ${to}: ${layerOf(from)} may only import what lies below it`);
  expect(arrows).toEqual([]);
});

test("no file imports itself through others", () => {
  expect(findCycles(imports.filter((entry) => entry.static))).toEqual([]);
});

test("an index re-exports or lays out a table: it computes nothing", () => {
  const busy = files
    .filter((file) => file.endsWith("/index.ts"))
    .filter((file) => /\bfunction\b|\bclass\b|=>\s*\{/.test(withoutComments(textOf.get(file) as string)));
  expect(busy).toEqual([]);
});

test("a file opens by saying what it is", () => {
  const silent = files.filter((file) => !file.endsWith("/index.ts") && !/^\/[/*]/.test(textOf.get(file) as string));
  expect(silent).toEqual([]);
});

test(`no file is longer than ${LONGEST_FILE} lines`, () => {
  const long = [...textOf]
    .map(([file, text]) => ({ file, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ file, lines }) => `${file} has ${lines} lines`);
  expect(long).toEqual([]);
});

test("no file is named after nothing", () => {
  expect(files.filter((file) => /(utils?|helpers?|common|misc)(\.ts|\/)/.test(file))).toEqual([]);
});

test("the checks see what they look for", () => {
  const found = readImports(
    "src/tensor/a.ts",
    'import type { A } from "../cli/a.ts";\nimport { b } from "../core/b.ts";\nexport * from "./c.ts";\nconst d = await import("../runtime/d.ts");\n// import { e } from "../cli/e.ts";\nimport {\n  f,\n} from "../core/f.ts";',
  );
  expect(found.map(({ to }) => to)).toEqual([
    "src/cli/a.ts",
    "src/core/b.ts",
    "src/tensor/c.ts",
    "src/runtime/d.ts",
    "src/core/f.ts",
  ]);
  expect(found.map((entry) => entry.static)).toEqual([false, true, true, false, true]);
  const edge = (from: string, to: string): Import => ({ from, to, static: true });
  expect(findCycles([edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("a", "c")])).toEqual(["b → c → b"]);
  expect(findCycles([edge("a", "b"), edge("b", "c"), edge("a", "c")])).toEqual([]);
});

function layerOf(file: string): string {
  return file.split("/")[1] as string;
}

function readImports(file: string, text: string): Import[] {
  const pattern = /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"(\.[^"]+)"|import\("(\.[^"]+)"\)/g;
  return [...withoutComments(text).matchAll(pattern)].map((match) => {
    const target = (match[3] ?? match[4]) as string;
    return {
      from: file,
      to: relative(root, resolve(root, dirname(file), target)),
      static: match[4] === undefined && match[2] === undefined,
    };
  });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Each cycle once, as "a → b → a". */
function findCycles(edges: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file].join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return cycles;
}
