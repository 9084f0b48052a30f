// `npm run test:package`: tests of the package as npm would publish it; needs `npm run build` first.

import { defineConfig, mergeConfig } from "vitest/config";
import { testSettings } from "./scripts/test-settings.ts";

export default mergeConfig(testSettings, defineConfig({ test: { include: ["test/package/**/*.test.ts"] } }));
