import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfig } from "../core/config.ts";
import { silent } from "../core/events.ts";
import { unlearnRun } from "../reporting/index.ts";
import { taughtModel } from "../unlearning/fixtures/taught-model.ts";
import { containedRun } from "./contained-run.ts";

test("a row to which the model reveals nothing is a row that failed: the others go on, and it is not tried again", async () => {
  using taught = await taughtModel();
  const settings = {
    model: taught.at("taught", "model"),
    objective: "memorise",
    source: {
      name: "revealed",
      judge: { name: "words", words: ["Paris"] },
      search: "random",
      samples: 8,
      maxNewTokens: 4,
    },
    retain: taught.at("retain.jsonl"),
    training: { steps: 1, batchSize: 2, learningRate: 1e-3 },
    output: taught.at("row"),
  };
  const config = parseConfig(unlearnRun, { text: JSON.stringify(settings) });
  const run = () => containedRun(config, { report: silent, command: ["test"] }, { keepModel: true });
  const outcome = await run();
  expect(outcome).toMatchObject({
    after: undefined,
    steps: 0,
    failure: expect.stringContaining("nothing was revealed"),
  });
  expect(existsSync(taught.at("row", "model"))).toBe(false);
  expect(await run()).toEqual(outcome);
});
