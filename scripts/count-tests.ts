// A vitest reporter that adds one line of JSON to the file LETHE_TEST_COUNTS names, so that `.ci/run` can add up all suites.

import { appendFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export const countTests: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env.LETHE_TEST_COUNTS;
    if (!file) return;
    const count = (state: "passed" | "failed" | "skipped") =>
      modules.flatMap((module) => [...module.children.allTests(state)]).length;
    const failed = count("failed") + modules.filter(failedToLoad).length + unhandledErrors.length;
    appendFileSync(file, `${JSON.stringify({ passed: count("passed"), failed, skipped: count("skipped") })}\n`);
  },
};

/** A file that threw while it was imported, or a hook that failed: none of its tests says so. */
function failedToLoad(module: TestModule): boolean {
  return module.errors().length > 0;
}
