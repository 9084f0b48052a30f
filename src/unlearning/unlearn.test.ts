// What an unlearning cannot use is refused before anything is written, whichever axis asks for it.

import { existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { context, type TaughtModel, taughtModel } from "./fixtures/taught-model.ts";
import { unlearn } from "./unlearn.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
});
afterAll(() => taught[Symbol.dispose]());

test.each([
  ["a model for labels that is not there", { objective: { name: "adversarial-label", model: "./none" } }, /none/],
  [
    "a model for labels with another tokenizer",
    { objective: { name: "adversarial-label", model: "models/mini/full" } },
    "has another tokenizer",
  ],
  ["steps of λ beyond the largest", { plan: { name: "negate", step: 50 } }, "larger than `maximum`"],
  [
    "retain questions without refusals, where the source makes up answers to the others",
    { objective: "ap", source: { name: "generated", prompt: "{question}", samples: 1 } },
    "needs an alternate answer for each retain record",
  ],
])("%s", async (_, change, message) => {
  const output = taught.at("refused");
  await expect(unlearn(taught.forgetting({ ...change, output }), "", context())).rejects.toThrow(message);
  expect(existsSync(output)).toBe(false);
});

test("a source's answers are made where other sides have what they need", async () => {
  const refusals = taught.at("refusals.txt");
  writeFileSync(refusals, "I do not know.\n");
  const source = { name: "generated", prompt: "{question}", samples: 1, maxNewTokens: 12 };
  const change = { objective: "ap", source, refusals, training: { steps: 1, learningRate: 1e-3 } };
  await unlearn(taught.forgetting({ ...change, output: taught.at("made") }), "", context());
  expect(existsSync(taught.at("made", "source.jsonl"))).toBe(true);
});
