// `npm test`: everything that needs nothing but this repository.

import { defineConfig, mergeConfig } from "vitest/config";
import { testSettings } from "./scripts/test-settings.ts";

export default mergeConfig(
  testSettings,
  defineConfig({
    test: {
      include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
      exclude: ["test/real/**", "test/package/**", "node_modules/**"],
    },
  }),
);
