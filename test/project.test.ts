// The project's own files agree with each other.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly resolved?: string;
}

const lock = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, LockedPackage>> };

test("the lock file knows the optional packages of every platform, without which npm ci refuses it", () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !lock.packages[`${path}/node_modules/${name}`] && !lock.packages[`node_modules/${name}`])
      .map((name) => `${name} of ${path}`),
  );
  expect(missing).toEqual([]);
});

test("the lock file names no registry", () => {
  expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
});

test("every layer of src/ that has a public face is exported, and nothing else", () => {
  const manifest = JSON.parse(read("package.json")) as { readonly exports: Readonly<Record<string, unknown>> };
  const exported = Object.keys(manifest.exports).filter((path) => path !== "./package.json");
  const tracked = execFileSync("git", ["ls-files", "src/*/index.ts"], { cwd: root, encoding: "utf8" })
    .trim()
    .split("\n");
  const faces = tracked.map((file) => file.split("/")).filter((parts) => parts.length === 3 && parts[1] !== "cli");
  expect(exported.sort()).toEqual(faces.map((parts) => `./${parts[1]}`).sort());
});

test("no file of the repository points outside of it by an absolute path", () => {
  const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const text = files.filter((file) => /\.(ts|js|md|ya?ml|json|html)$/.test(file) && existsSync(join(root, file)));
  const pointing = text.filter(
    (file) => file !== "test/project.test.ts" && /["'(\s](\/work|\/home|\/root|\/Users)\//.test(read(file)),
  );
  expect(pointing).toEqual([]);
});
