// The package as npm would publish it, laid out as an installed one: what is in it, and that it runs without this repository's sources.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
const layers = Object.entries(manifest.exports).filter(([, target]) => typeof target === "object") as [
  string,
  { readonly types: string; readonly default: string },
][];

let home: string;
let installed: string;
let files: readonly string[];
beforeAll(() => {
  if (!existsSync(join(root, "dist"))) throw new Error('dist/ is missing: run "npm run build" first');
  home = mkdtempSync(join(tmpdir(), "lethe-package-"));
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", home], {
      cwd: root,
      encoding: "utf8",
    }),
  ) as [{ readonly filename: string; readonly files: readonly { readonly path: string }[] }];
  files = packed.files.map(({ path }) => path);
  execFileSync("tar", ["-xzf", join(home, packed.filename), "-C", home]);
  const modules = join(home, "node_modules");
  installed = join(modules, manifest.name);
  mkdirSync(modules);
  execFileSync("mv", [join(home, "package"), installed]);
  for (const name of readdirSync(join(root, "node_modules"))) {
    // What users get: the dependencies, not what only this repository's tools need.
    if (!DEVELOPMENT_ONLY.test(name)) symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const DEVELOPMENT_ONLY =
  /^(\.|lethe$|@?vitest|@biomejs|esbuild|@esbuild|typescript|knip|fast-check|vite$|playwright-core)/;

test("it holds the built command line, the licence and the readme", () => {
  expect(files).toEqual(
    expect.arrayContaining(["bin/lethe.js", "dist/cli/main.js", "LICENSE", "README.md", "package.json"]),
  );
});

test("it holds no tests, no sources, no run folders", () => {
  expect(files.filter((file) => /\.test\.|fixtures|^src\/|^test\/|^runs\/|tsbuildinfo/.test(file))).toEqual([]);
});

test.each(layers)("%s has JavaScript and types", (_, target) => {
  expect(files).toContain(target.default.slice(2));
  expect(files).toContain(target.types.slice(2));
});

test("every layer can be imported by its name", () => {
  const names = layers.map(([path]) => path.replace(".", manifest.name));
  const script = `for (const name of ${JSON.stringify(names)}) { const layer = await import(name); if (Object.keys(layer).length === 0) throw new Error(name + " exports nothing"); }`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: home });
});

test("its command line runs without the sources", () => {
  const run = (...line: string[]) =>
    execFileSync(process.execPath, [join(installed, "bin/lethe.js"), ...line], { cwd: home, encoding: "utf8" });
  expect(existsSync(join(installed, "src"))).toBe(false);
  expect(run("--help")).toContain("inspect");
  expect(run("inspect", "--help")).toContain("Examples:");
});
