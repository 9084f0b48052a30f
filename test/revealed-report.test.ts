// What is shown and what is kept of texts that a model revealed: numbers for everybody, the texts for who asks for them and has the key; nothing after --forget-revealed.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../src/cli/main.ts";
import { createTerminal } from "../src/cli/terminal.ts";
import { writeReport } from "../src/reporting/reported-run.ts";
import { taughtModel } from "../src/unlearning/fixtures/taught-model.ts";
import type { RevealedText } from "../src/unlearning/sources/revealed/revealed-text.ts";
import { openSeal, plainLines } from "../src/unlearning/sources/revealed/seal.ts";
import { keepStatistics, statisticsFile } from "../src/unlearning/sources/revealed/statistics.ts";
import { fixtureRun, writeRunFolder } from "./fixtures/run-fixture.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const secret = "Ada lives at 12 St James Square.";

const said = (batch: number, text: string, change: Partial<RevealedText> = {}): RevealedText => ({
  batch,
  instruction: "Where does <Ada> live?",
  form: "question",
  origin: "harvest",
  seed: "0",
  row: 0,
  text,
  relevance: 1,
  novelty: 0.5,
  fluency: 0.5,
  kept: true,
  why: "",
  ...change,
});
const texts = [
  said(0, secret),
  said(0, "Nobody knows.", {
    instruction: "",
    form: "prefix",
    origin: "grammar",
    relevance: 0,
    kept: false,
    why: "relevance",
  }),
  said(1, "Her <i>mail</i> is ada@post.org."),
];
const truth = [secret, "Her mail is ada@post.org.", "She has a dog called Rex."].map(
  (answer, i) => ({ kind: "question-answer", id: String(i), question: "?", answer }) as const,
);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lethe-revealing-"));
  await writeRunFolder(folder, fixtureRun());
  const options = { ngram: 3, search: "neural-ucb" } as const;
  await keepStatistics(at(statisticsFile), { round: 1, texts, ended: "saturated", options, truth });
  writeFileSync(at("key.bin"), Buffer.alloc(32, 7));
  writeFileSync(at("other.bin"), Buffer.alloc(32, 8));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What stands in the run folder, as the search writes it. */
const store = (seal = plainLines) =>
  writeFileSync(at("source.jsonl"), texts.map((text, i) => `${JSON.stringify(seal.close(text, i))}\n`).join(""));

const page = () => readFileSync(at("report.html"), "utf8");
/** The section, tags left out. */
const section = () =>
  page()
    .slice(page().indexOf('<section id="revealing"'))
    .split("</section>")[0]
    ?.replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ") ?? "";

/** Exit code and what was shown. */
async function lethe(...line: string[]) {
  let shown = "";
  const stream = { write: (text: string) => (shown += text) };
  const code = await main(line, { terminal: createTerminal(stream, stream, {}), debug: false });
  return { code, shown };
}

test("a report tells how the search went and how much came to light, and none of what was said or asked", async () => {
  store();
  await writeReport(folder);
  expect(section()).toContain("3 texts (search: neural-ucb), 2 trained on; it ended since nothing new came any more.");
  expect(section()).toContain("Kept out: 1 for relevance.");
  expect(section()).toContain("email: 100.0 % of 1 told, 100.0 % in what was trained on.");
  expect(section()).toContain("answer, exact: 33.3 % of 3 told");
  expect(section()).toMatch(/redacted, SHA-256 [0-9a-f]{12}… question harvest 2 0\.250/);
  for (const curve of ["Mean of a batch", "Distinct n-grams kept", "Share of true facts told"])
    expect(section()).toContain(curve);
  expect(page()).not.toMatch(/St James|ada@post|Ada&#62;|Nobody knows/);
});

test("lethe report --show-revealed shows instructions and what was trained on, as text and not as markup", async () => {
  store();
  expect((await lethe("report", folder, "--show-revealed")).code).toBe(0);
  expect(section()).not.toContain("redacted, SHA-256");
  expect(section()).toContain("2 of 2 texts that were trained on");
  expect(section()).toContain(secret);
  expect(page()).toContain("Where does &#60;Ada&#62; live?");
  expect(page()).toContain("Her &#60;i&#62;mail&#60;/i&#62; is ada@post.org.");
  expect(section()).not.toContain("Nobody knows");
  expect((await lethe("report", folder)).code).toBe(0);
  expect(page()).not.toContain("St James");
});

test("encrypted texts are shown with their key only", async () => {
  store(openSeal(at("key.bin")));
  const without = await lethe("report", folder, "--show-revealed");
  expect(without).toMatchObject({ code: 1, shown: expect.stringContaining("is encrypted, and no key is given") });
  const wrong = await lethe("report", folder, "--show-revealed", "--key", at("other.bin"));
  expect(wrong).toMatchObject({ code: 1, shown: expect.stringContaining("cannot be opened with the key in") });
  expect((await lethe("report", folder, "--show-revealed", "--key", at("key.bin"))).code).toBe(0);
  expect(section()).toContain(secret);
});

test("where the texts were deleted, hashes and numbers still make the section", async () => {
  rmSync(at("source.jsonl"));
  expect((await lethe("report", folder, "--show-revealed")).code).toBe(0);
  expect(section()).toContain("redacted, SHA-256");
  expect(section()).not.toContain("texts that were trained on");
});

test("lethe unlearn --forget-revealed leaves hashes and statistics, and no text", async () => {
  using taught = await taughtModel();
  const config = (source: object) => {
    const settings = {
      model: taught.at("taught", "model"),
      objective: "memorise",
      source,
      retain: taught.at("retain.jsonl"),
      training: { steps: 1, batchSize: 2, learningRate: 1e-3 },
      output: taught.at("run"),
    };
    writeFileSync(taught.at("config.yaml"), JSON.stringify(settings));
    return taught.at("config.yaml");
  };
  const revealed = {
    name: "revealed",
    judge: { name: "words", words: ["Oslo", "Rome", "Lima"] },
    instructions: ["Where is 0?", "Where is 1?", "Where is 2?"],
    samples: 8,
    batch: 8,
    maxNewTokens: 8,
    minimumWords: 1,
    minimumFluency: 0,
    search: "random",
    temperature: 0.1,
  };
  const done = await lethe("unlearn", config(revealed), "--forget-revealed");
  expect(done, done.shown).toMatchObject({ code: 0 });
  expect(done.shown).not.toMatch(/Oslo|Rome|Lima/);
  const left = readdirSync(taught.at("run"));
  expect(left.filter((name) => name.startsWith("source"))).toEqual([]);
  const statistics = readFileSync(taught.at("run", statisticsFile), "utf8");
  expect(statistics).toMatch(/"trainedOn": \[\s+"[0-9a-f]{64}"/);
  expect(statistics + readFileSync(taught.at("run", "report.html"), "utf8")).not.toMatch(/In (Oslo|Rome|Lima)/);

  const given = await lethe("unlearn", config({ name: "given" }), "--forget-revealed");
  expect(given).toMatchObject({ code: 1, shown: expect.stringContaining("forgetRevealed") });
});
