// A tiny model tells what it was taught, from a description and a judge; nothing to forget is given.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TaskEvent } from "../../../core/events.ts";
import { context, keepEveryState, type TaughtModel, taughtModel } from "../../fixtures/taught-model.ts";
import { unlearn } from "../../unlearn.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
});
afterAll(() => taught[Symbol.dispose]());

const source = {
  name: "revealed",
  judge: { name: "words", words: ["Oslo", "Rome", "Lima"] },
  instructions: ["Where is 0?", "Where is 1?", "Where is 2?", "Where is 3?"],
  grammar: { questions: [], prefixes: [""] },
  samples: 24,
  batch: 8,
  maxNewTokens: 8,
  minimumWords: 1,
  minimumFluency: 0,
  temperature: 0.5,
  bandit: { hidden: 4, steps: 5, initial: 8 },
};
const config = (output: string, change: object = {}) =>
  taught.forgetting({
    forget: undefined,
    source: { ...source, ...change },
    training: { steps: 2, batchSize: 2, learningRate: 1e-3 },
    output: taught.at(output),
  });

describe("revealed", () => {
  test("what the judge looks for is told and trained on, and stands in the run folder with instruction, seed and scores; no event holds it", async () => {
    const events: TaskEvent[] = [];
    await unlearn(
      config("told"),
      "",
      context((event) => events.push(event)),
    );
    const lines = readFileSync(taught.at("told", "source.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const kept = lines.filter((line) => line.kept);
    expect(kept.length).toBeGreaterThan(0);
    for (const { text, relevance, instruction, seed } of kept) {
      expect(text).toMatch(/Oslo|Rome|Lima/);
      expect([relevance, typeof instruction, typeof seed]).toEqual([1, "string", "string"]);
    }
    expect(JSON.stringify(events)).not.toMatch(/Oslo|Rome|Lima/);
    const [round] = JSON.parse(readFileSync(taught.at("told", "revealed.json"), "utf8")).rounds;
    expect(round.trainedOn).toHaveLength(kept.length);
    expect(JSON.stringify(round)).not.toMatch(/Oslo|Rome|Lima/);
  });

  test("what is asked of a subject by name is about it, though the answer names nobody; a judge that reads answers alone finds nothing", async () => {
    const named = {
      judge: undefined,
      subjects: ["2"],
      grammar: { questions: ["Where is {topic}?"], prefixes: [] },
      instructions: ["Where is 3?"],
    };
    await unlearn(config("named", named), "", context());
    const lines = readFileSync(taught.at("named", "source.jsonl"), "utf8").trim().split("\n");
    const kept = lines.map((line) => JSON.parse(line)).filter((line) => line.kept);
    expect(kept.length).toBeGreaterThan(0);
    for (const { instruction, text } of kept) {
      expect(instruction).toBe("Where is 2?");
      expect(text).not.toContain("2");
    }
    const alone = unlearn(config("alone", { ...named, withInstruction: false }), "", context());
    await expect(alone).rejects.toThrow(/the judge gives each of the first 24 texts 0/);
  });

  test("killed in the middle and resumed, it ends in the same bytes", async () => {
    const { report, events } = keepEveryState(taught.at("whole"), (event) => taught.at(`killed${event}`));
    await unlearn(config("whole"), "", context(report));
    const bytes = (run: string) =>
      ["source.jsonl", "revealed.json", "model/model.safetensors"].map((file) => readFileSync(taught.at(run, file)));
    const inTheMiddle = events.indexOf("phase-progress") + 2;
    await unlearn({ ...config("whole"), output: taught.at(`killed${inTheMiddle}`) }, "", context(undefined, true));
    expect(bytes(`killed${inTheMiddle}`)).toEqual(bytes("whole"));
  });

  test("when asked, the texts go with the end of the run, and hashes stay", async () => {
    await unlearn(config("gone", { forgetRevealed: true }), "", context());
    expect(readdirSync(taught.at("gone")).filter((name) => name.startsWith("source"))).toEqual([]);
    expect(readFileSync(taught.at("gone", "revealed.json"), "utf8")).toMatch(/"trainedOn": \[\s+"[0-9a-f]{64}"/);
  });

  test("a description that reveals nothing ends the run before anything is trained", async () => {
    const nothing = { judge: { name: "words", words: ["Paris"] }, forgetRevealed: true };
    const ending = unlearn(config("nothing", nothing), "", context());
    await expect(ending).rejects.toThrow(/nothing was revealed: the judge gives each of the first 24 texts 0/);
    expect(existsSync(taught.at("nothing", "model"))).toBe(false);
    // Nor does what was said stay, where it may not.
    expect(existsSync(taught.at("nothing", "source.jsonl"))).toBe(false);
  });

  test.each<[what: string, change: object, message: RegExp]>([
    [
      "a judge that finds everything",
      { judge: { name: "words", patterns: ["."] } },
      /finds everything to be what must go/,
    ],
    ["a description of common words", { judge: undefined, description: "all that" }, /no word by which/],
    [
      "a soft prompt beyond the context",
      { arms: ["list", "soft"], soft: { tokens: 500 } },
      /a soft prompt has \d+ tokens, context/,
    ],
    [
      "a prefix beyond the context",
      { grammar: { questions: [], prefixes: ["word ".repeat(500)] } },
      /a prefix has \d+ tokens, context/,
    ],
    ["an unknown judge", { judge: { name: "word", words: ["x"] } }, /unknown judge "word"/],
    ["a file that holds no key", { encryptWith: "package.json" }, /holds no key/],
  ])("%s is refused before the run folder is there", async (_what, change, message) => {
    await expect(unlearn(config("refused", change), "", context())).rejects.toThrow(message);
    expect(existsSync(taught.at("refused"))).toBe(false);
  });

  test("it takes no text to forget, and a source that needs some says so", async () => {
    await expect(unlearn({ ...config("both"), forget: taught.at("forget.jsonl") }, "", context())).rejects.toThrow(
      /makes its own text to forget, and `forget` names some/,
    );
    await expect(unlearn({ ...config("none"), source: "given" }, "", context())).rejects.toThrow(
      /source "given" needs the text that must go/,
    );
  });
});
