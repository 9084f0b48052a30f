import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["test/real/**"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
