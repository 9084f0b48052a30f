// Lets a Node that knows no TypeScript run src/ of a clone: types are removed when a file is first imported and the result is kept in
// node_modules/.cache. Only what it must: files of this repository, one by one, no type checking.
// Faster than a general loader: docs/decisions/0001-run-typescript-from-a-clone.md has the measurement.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

const cache = fileURLToPath(new URL("../node_modules/.cache/lethe/", import.meta.url));

// Node runs this file a second time in the thread of its module hooks, where `load` below is found.
if (isMainThread) {
  process.setSourceMapsEnabled(true);
  register(import.meta.url);
}

/** Node's hook: the source text of a module. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !new URL(url).pathname.endsWith(".ts")) return nextLoad(url, context);
  const text = readFileSync(fileURLToPath(url), "utf8");
  const key = createHash("sha256").update(url).update("\0").update(text).digest("hex");
  return { format: "module", source: cached(key) ?? (await transform(url, text, key)), shortCircuit: true };
}

function cached(key) {
  try {
    return readFileSync(`${cache}${key}.js`, "utf8");
  } catch {
    return undefined;
  }
}

async function transform(url, text, key) {
  const esbuild = await import("esbuild");
  const { code } = await esbuild.transform(text, {
    loader: "ts",
    format: "esm",
    target: "node20",
    sourcefile: url,
    sourcemap: "inline",
    sourcesContent: false,
    // Without this, imports that only types use would be dropped, and a mistake that tsc refuses would pass here.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  try {
    mkdirSync(cache, { recursive: true });
    const draft = `${cache}${key}.${process.pid}`;
    writeFileSync(draft, code);
    renameSync(draft, `${cache}${key}.js`);
  } catch {
    // A folder that cannot be written only costs the time of the next start.
  }
  return code;
}
