// `lethe eval` with offsets.

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent } from "../../core/events.ts";
import type { Evaluation } from "../../evaluation/index.ts";
import { context, type TaughtModel, taughtModel } from "../../unlearning/fixtures/taught-model.ts";
import { unlearn } from "../../unlearning/index.ts";
import { evalCommand } from "./eval.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
  const { at, forgetting } = taught;
  const scope = { name: "offset", small: at("taught", "model") };
  const training = { steps: 3, batchSize: 3, learningRate: 0.02 };
  await unlearn(forgetting({ objective: "grad-diff", scope, training, output: at("run") }), "", context());
  const set = (name: string) => ({ data: at(`${name}.jsonl`), role: name });
  const evaluation = { sets: { forget: set("forget"), retain: set("retain") }, metrics: ["probability"] };
  writeFileSync(at("config.yaml"), JSON.stringify({ evaluation }));
});
afterAll(() => taught[Symbol.dispose]());

async function measured(options: object): Promise<readonly Evaluation[]> {
  let found: object = [];
  await evalCommand.run({
    positional: [taught.at("config.yaml")],
    options: { model: [taught.at("taught", "model")], ...options },
    line: ["eval", "config.yaml"],
    signal: new AbortController().signal,
    report: silent,
    width: 80,
    result: (value) => {
      found = value;
    },
  });
  return found as readonly Evaluation[];
}

test("a column per strength: 0 is the model itself; the file holds them as numbers, and the page beside it draws them", async () => {
  const output = taught.at("alpha.json");
  const [itself] = await measured({});
  const [none, whole] = await measured({ offset: [taught.at("run")], alpha: [0, 1], output });
  expect(none?.sets).toEqual(itself?.sets);
  expect(whole?.sets).not.toEqual(itself?.sets);
  const written = JSON.parse(readFileSync(output, "utf8")) as Evaluation[];
  expect(written.map(({ alpha }) => alpha)).toEqual([0, 1]);
  const page = readFileSync(taught.at("alpha.html"), "utf8");
  expect(page).toMatch(/What the strength α trades[\s\S]*<th scope="row">α 1<\/th>/);
});

test("a strength without an offset, a folder without one, and what does not go together are refused", async () => {
  await expect(measured({ alpha: [1] })).rejects.toMatchObject({ hint: "Name its run: --offset <run>." });
  await expect(measured({ offset: [taught.at("taught")] })).rejects.toThrow("holds no offset");
  await expect(measured({ offset: [taught.at("run")], adapter: "x" })).rejects.toThrow("--adapter");
});
