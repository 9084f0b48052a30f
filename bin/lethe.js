#!/usr/bin/env node
// Starts the command line: from src/ in a clone, where nothing has to be built, or from dist/ in a published package, which has no src/.

import { existsSync } from "node:fs";

const source = new URL("../src/cli/main.ts", import.meta.url);
const built = new URL("../dist/cli/main.js", import.meta.url);

/** A reader that left (`lethe … | head`) is no error. */
function leaveQuietly(error) {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}
process.stdout.on("error", leaveQuietly);
process.stderr.on("error", leaveQuietly);

async function load() {
  if (!existsSync(source)) return import(built.href);
  // Node itself runs this TypeScript from 24 on: 22 removes types, but knows no `using`.
  const runsTypeScript = Number.parseInt(process.versions.node, 10) >= 24 && process.features.typescript;
  if (!runsTypeScript) await import("./typescript-loader.js");
  return import(source.href);
}

try {
  const { main } = await load();
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error?.code !== "ERR_MODULE_NOT_FOUND") throw error;
  process.stderr.write(
    `error: Lethe cannot start: ${error.message}\n   do: run "npm ci" in the folder that holds package.json\n`,
  );
  process.exitCode = 1;
}
