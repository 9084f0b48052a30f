// `npm run test:real`: tests on real models and data, which lie beside the repository in ../shared.

import { existsSync } from "node:fs";
import { defineConfig, mergeConfig } from "vitest/config";
import { testSettings } from "./scripts/test-settings.ts";

if (!existsSync(new URL("../shared/", import.meta.url))) {
  process.stderr.write("../shared is missing: tests that need its models and data are skipped.\n");
}

export default mergeConfig(
  testSettings,
  defineConfig({ test: { include: ["test/real/**/*.test.ts"], fileParallelism: false, testTimeout: 900_000 } }),
);
