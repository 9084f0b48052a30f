import { Command } from "commander";
import { afterEach, expect, test } from "vitest";
import { ALLOW_VARIABLE } from "../evaluation/index.ts";
import { configureCodeExecution } from "./code-execution.ts";

afterEach(() => {
  delete process.env[ALLOW_VARIABLE];
});

test.each([
  [["--allow-code-execution"], "1"],
  [[], undefined],
])("with %j running code is allowed: %s", (line, allowed) => {
  const parser = new Command();
  configureCodeExecution(parser);
  parser.parse(line, { from: "user" });
  expect(process.env[ALLOW_VARIABLE]).toBe(allowed);
});
