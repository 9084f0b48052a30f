// Iterated negation on a tiny taught model: what a round is, what the sum of rounds is, what stops it, and that a killed run ends in the same bytes.

import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { TaskEvent } from "../../core/events.ts";
import type { Sequence } from "../../data/batching.ts";
import { encodeRecords } from "../../data/encoding.ts";
import { loadRecords } from "../../data/load-records.ts";
import { loadModel } from "../../models/load.ts";
import { loadAdapter } from "../../models/lora.ts";
import { hashWeights } from "../../models/weights-hash.ts";
import { createReferenceBackend } from "../../runtime/reference/index.ts";
import { loadTokenizer } from "../../text/index.ts";
import { context, keepEveryState, type TaughtModel, taughtModel } from "../fixtures/taught-model.ts";
import { sources } from "../sources/index.ts";
import { defineSource, type Source } from "../sources/source.ts";
import { unlearn } from "../unlearn.ts";
import { iterateFound, type RoundFound } from "./iterate-found.ts";
import { createUtility } from "./utility.ts";

let taught: TaughtModel;
let retain: Sequence[];
beforeAll(async () => {
  taught = await taughtModel();
  const { records } = await loadRecords({ path: at("retain.jsonl") });
  retain = encodeRecords(loadTokenizer(at("taught", "model")), records, taught.forgetting({ output: "" }).encoding);
});
afterAll(() => taught[Symbol.dispose]());
const at = (...parts: string[]) => taught.at(...parts);
const plan = { name: "iterate", rounds: 3, measure: "perplexity", budget: 0.3 };
const forgetting = (change: object) => taught.forgetting({ scope: "lora", plan, ...change });

const foundIn = (output: string) => iterateFound.parse(JSON.parse(readFileSync(at(output, "plan.json"), "utf8")));

/** Perplexity on the retain text in float64, of a stored model with an adapter. */
async function perplexity(model: string, adapter?: string): Promise<number> {
  using backend = createReferenceBackend();
  using loaded = loadModel(model, backend);
  if (adapter) loadAdapter(loaded, adapter);
  return await createUtility(loaded, retain, { measure: "perplexity", budget: 0 }).measure();
}

test("each round stays within its share of the budget, and any of them can be taken up afterwards over the stored model", async () => {
  await unlearn(forgetting({ output: at("rounds") }), "", context());
  const { before, rounds, ended } = foundIn("rounds");
  expect(ended).toBe("all 3 rounds are done");
  expect(rounds.map((each) => each.round)).toEqual([1, 2, 3]);
  for (const { round, coefficient, retain, tried } of rounds) {
    expect(coefficient).toBeGreaterThan(0);
    for (const each of tried) expect(each.kept).toBe((each.value as number) <= (1 + (0.3 * round) / 3) * before);
    expect(tried.find((each) => each.coefficient === coefficient)?.value).toBe(retain);
    // What was measured with earlier rounds in the weights is what the rounds' adapters add up to.
    expect(await perplexity(at("taught", "model"), at("rounds", "rounds", String(round), "adapter"))).toBeCloseTo(
      retain,
      2,
    );
  }
  expect(await perplexity(at("rounds", "model"))).toBeCloseTo(rounds[2]?.retain as number, 2);
  expect(readFileSync(at("rounds", "adapter", "adapter_model.safetensors"), "hex")).toBe(
    readFileSync(at("rounds", "rounds", "3", "adapter", "adapter_model.safetensors"), "hex"),
  );
  const { r, lora_alpha } = JSON.parse(readFileSync(at("rounds", "adapter", "adapter_config.json"), "utf8"));
  expect([r, lora_alpha]).toEqual([24, 48]);
});

test("one round is a negation with the whole budget", async () => {
  await unlearn(forgetting({ plan: { ...plan, rounds: 1, keepRounds: false }, output: at("one") }), "", context());
  await unlearn(
    forgetting({ plan: { name: "negate", measure: "perplexity", budget: 0.3 }, output: at("negated") }),
    "",
    context(),
  );
  const negated = JSON.parse(readFileSync(at("negated", "plan.json"), "utf8"));
  const { before, rounds } = foundIn("one");
  expect([before, rounds[0]?.coefficient, rounds[0]?.tried]).toEqual([
    negated.before,
    negated.coefficient,
    negated.tried,
  ]);
  const weights = (run: string) => readFileSync(at(run, "model", "model.safetensors"), "hex");
  expect(weights("one")).toBe(weights("negated"));
  expect(existsSync(at("one", "rounds"))).toBe(false);
});

test("plain weights move in rounds, too, and each round is kept as a model", async () => {
  await unlearn(forgetting({ scope: "all", output: at("plain") }), "", context());
  const { rounds } = foundIn("plain");
  expect(rounds.length).toBeGreaterThan(1);
  for (const { round, retain } of rounds) {
    expect(await perplexity(at("plain", "rounds", String(round), "model"))).toBeCloseTo(retain, 2);
  }
});

/** What the model was when the source was asked for each round's text. */
let asked: [round: number, hash: string][] = [];
const telling = defineSource({
  name: "telling",
  summary: "says less each time",
  paper: "",
  options: z.strictObject({ texts: z.array(z.number()), scores: z.array(z.number()) }),
  prepare:
    ({ forget, session }, { texts, scores }) =>
    async ({ round }) => {
      asked.push([round, await hashWeights(session.model)]);
      return { records: forget.slice(0, texts[round - 1]), score: scores[round - 1] as number };
    },
});
sources.add("telling", { value: telling as unknown as Source });

test("every round's text is asked of the model as the round before left it, and alone the plan ends when the source is at its end", async () => {
  asked = [];
  const source = { name: "telling", texts: [3, 1, 0], scores: [1, 0.5, 0] };
  await unlearn(forgetting({ source, plan: { ...plan, accumulate: false }, output: at("told") }), "", context());
  const { rounds, ended } = foundIn("told");
  expect(rounds.map(({ texts, score }) => [texts, score])).toEqual([
    [3, 1],
    [1, 0.5],
  ]);
  expect(ended).toBe("the source finds nothing more to train on");
  expect(asked.map(([round]) => round)).toEqual([1, 2, 3]);
  expect(new Set(asked.map(([, hash]) => hash)).size).toBe(3);
});

test("several rounds may go over one text before the source is asked again, and what it then makes is added, each text once", async () => {
  asked = [];
  const source = { name: "telling", texts: [2, 3], scores: [1, 0.5] };
  const many = { ...plan, rounds: 4, askEvery: 2, budget: 3 };
  await unlearn(forgetting({ source, plan: many, output: at("seldom") }), "", context());
  expect(foundIn("seldom").rounds.map(({ texts }) => texts)).toEqual([2, 2, 3, 3]);
  expect(asked.map(([round]) => round)).toEqual([1, 2]);
});

test("the plan ends when the model says no more than it may, by the source's word or else by its text", async () => {
  const source = { name: "telling", texts: [3, 3, 3], scores: [1, 0.2, 0] };
  await unlearn(forgetting({ source, plan: { ...plan, until: 0.2 }, output: at("until") }), "", context());
  expect(foundIn("until").rounds).toHaveLength(1);
  expect(foundIn("until").ended).toBe("the model says 0.200 of what must go, at most the 0.2 of plan.until");
  const warnings: TaskEvent[] = [];
  const report = (event: TaskEvent) => void (event.type === "warning" && warnings.push(event));
  await unlearn(forgetting({ plan: { ...plan, until: 1 }, output: at("at-once") }), "", context(report));
  expect(foundIn("at-once").rounds).toEqual([]);
  expect(warnings).toEqual([{ type: "warning", text: expect.stringContaining("at most the 1 of plan.until") }]);
});

test("a text that may be trained on for several rounds is looked at when each begins: the plan need not ask again to end", async () => {
  const seldom = { ...plan, askEvery: 3, budget: 3, maximum: 40 };
  await unlearn(forgetting({ plan: seldom, output: at("all-rounds") }), "", context());
  const after = foundIn("all-rounds").rounds.map(({ forget }) => forget.after);
  await unlearn(forgetting({ plan: { ...seldom, until: after[0] }, output: at("ends-between") }), "", context());
  expect(foundIn("ends-between").rounds).toHaveLength(1);
});

test("a budget that no step meets leaves the model as it was, whatever a retain module had learned, and says so", async () => {
  const warnings: string[] = [];
  const report = (event: TaskEvent) => {
    if (event.type === "warning") warnings.push(event.text);
  };
  const nothing = { ...plan, budget: 0, step: 5, retainModule: { learningRate: 1e-5 } };
  await unlearn(forgetting({ plan: nothing, output: at("unmoved") }), "", context(report));
  expect(warnings).toEqual([
    expect.stringMatching(/iteration changes nothing: already λ = 5 costs more .* than the whole budget of 0\.$/),
  ]);
  expect(foundIn("unmoved").rounds).toEqual([]);
  expect(await perplexity(at("unmoved", "model"))).toBe(await perplexity(at("taught", "model")));
});

test("a round whose share of the budget bears no step takes none, and a later one, which may use more, does", async () => {
  // A step of more digits than a coefficient keeps.
  const coarse = { ...plan, step: 3.9999999999999, maximum: 4, keepRounds: false };
  // Every batch holds all of the text, so that a round's training costs what another's does.
  const training = { steps: 4, batchSize: 3, learningRate: 0.004 };
  const one = { ...coarse, rounds: 1, budget: 1e6 };
  await unlearn(forgetting({ plan: one, training, output: at("costs") }), "", context());
  const [only] = foundIn("costs").rounds;
  const cost = (only?.retain as number) / foundIn("costs").before - 1;
  expect(cost).toBeGreaterThan(0);
  const four = { ...coarse, rounds: 4, budget: 1.5 * cost };
  await unlearn(forgetting({ plan: four, training, output: at("waits") }), "", context());
  const { rounds, before } = foundIn("waits");
  expect(rounds[0]).toMatchObject({ coefficient: 0, retain: before });
  expect(rounds[0]?.forget.after).toBe(rounds[0]?.forget.before);
  expect(rounds.map(({ coefficient }) => coefficient).filter((each) => each > 0)).toHaveLength(1);
});

test("a retain module after each round mends what the round cost, and the budget is measured on text that it did not learn", async () => {
  const mended = { ...plan, rounds: 2, budget: 1, retainModule: { when: "each", heldOut: 0.4, epochs: 4 } };
  await unlearn(forgetting({ plan: mended, output: at("mended") }), "", context());
  const { rounds } = foundIn("mended");
  expect(rounds).toHaveLength(2);
  for (const { repaired, retain } of rounds) expect(repaired).not.toBe(retain);
  // Of 5 texts 2 are held out; the other 3 are one batch, so 4 epochs are 4 steps in each round, beside 6 of forgetting.
  expect(readFileSync(at("mended", "metrics.jsonl"), "utf8").trimEnd().split("\n")).toHaveLength(2 * 10);
  const { r } = JSON.parse(readFileSync(at("mended", "adapter", "adapter_config.json"), "utf8"));
  expect(r).toBe(4 * 8);
});

test("a retain module that costs more on the text held out than it mends is left out", async () => {
  const retainModule = { when: "each", heldOut: 0.4, steps: 4, learningRate: 0.5 };
  await unlearn(
    forgetting({ plan: { ...plan, rounds: 2, budget: 1, retainModule }, output: at("unmended") }),
    "",
    context(),
  );
  for (const { repaired, coefficient } of foundIn("unmended").rounds) {
    expect(repaired).toBeUndefined();
    expect(coefficient).toBeGreaterThan(0);
  }
  const { r } = JSON.parse(readFileSync(at("unmended", "adapter", "adapter_config.json"), "utf8"));
  expect(r).toBe(2 * 8);
});

test("the orthogonal term turns a round's LoRA away from those before it", async () => {
  const overlaps: number[] = [];
  for (const weight of [0, 50]) {
    const apart = { ...plan, rounds: 2, orthogonal: { weight, against: "forget" } };
    const training = { steps: 20, batchSize: 3, learningRate: 0.01 };
    await unlearn(forgetting({ plan: apart, training, output: at(`apart-${weight}`) }), "", context());
    const { shared } = foundIn(`apart-${weight}`).rounds[1] as RoundFound;
    expect(Object.keys(shared ?? {})).toEqual(["forget"]);
    overlaps.push(shared?.forget?.overlap as number);
    expect(shared?.forget?.chance).toBeGreaterThan(0.2);
  }
  expect(overlaps[1]).toBeLessThan(0.7 * (overlaps[0] as number));
});

test.each([
  [{ plan: { ...plan, orthogonal: { against: "retain" } } }, /no retain module to be kept clear of/],
  [{ scope: "all", plan: { ...plan, retainModule: {} } }, /can only use retainModule with LoRA/],
  [{ scope: "all", plan: { ...plan, orthogonal: {} } }, /can only use orthogonal with LoRA/],
  [{ plan: { ...plan, step: 50 } }, /there is nothing to try/],
  [{ retain: undefined }, /plan "iterate" needs retain data/],
])("what cannot be is refused before anything is written: %j", async (change, message) => {
  await expect(unlearn(forgetting({ ...change, output: at("refused") }), "", context())).rejects.toThrow(message);
  expect(existsSync(at("refused"))).toBe(false);
});

test("a text that is trained on again goes on where its batches stood, also when killed in between and resumed", async () => {
  const output = at("again");
  const kept = { name: "memorise", retainWeight: 1, retain: "kl" };
  // Of 5 retain texts one is drawn per batch, with a model asked only about these: another run of batches would be missed.
  const training = { steps: 1, batchSize: 1, accumulation: 2, learningRate: 0.004 };
  const seldom = { ...plan, rounds: 3, askEvery: 3, budget: 3, keepRounds: false };
  const config = forgetting({ objective: kept, training, plan: seldom, checkpointEvery: 1, output });
  const results = () =>
    ["model/model.safetensors", "metrics.jsonl"].map((name) => readFileSync(at("again", name), "hex"));
  const { events, report } = keepEveryState(output, (event) => at(`again-${event}`));
  await unlearn(config, "", context(report));
  const whole = results();
  const searched = events.flatMap((type, i) => (type === "phase-end" ? [i + 1] : []));
  const stepEnds = events.flatMap((type, i) => (type === "step-end" ? [i + 1] : []));
  expect(stepEnds).toHaveLength(3);
  for (const point of [searched.at(-2), stepEnds[1]]) {
    rmSync(output, { recursive: true });
    renameSync(at(`again-${point}`), output);
    await unlearn(config, "", context(undefined, true));
    expect(results(), `killed after event ${point}`).toEqual(whole);
  }
});

test("killed between or in its trainings and resumed, rounds end in the bytes of those that were not, each measured once", async () => {
  const retainModule = { when: "each", steps: 3 };
  const config = forgetting({ plan: { ...plan, rounds: 2, retainModule, orthogonal: {} }, output: at("run") });
  const results = () =>
    [
      "model/model.safetensors",
      "adapter/adapter_model.safetensors",
      "rounds/1/adapter/adapter_model.safetensors",
      "plan.json",
      "metrics.jsonl",
    ].map((name) => readFileSync(at("run", name), "hex"));
  let measured: string[] = [];
  const evaluator = async () => ({
    every: 1,
    files: [],
    at: async (step: number, moment: string) => void measured.push(`${moment} ${step}`),
  });
  const { events, report } = keepEveryState(at("run"), (event) => at(`left-${event}`));
  await unlearn(config, "", { ...context(report), evaluator });
  const whole = results();
  expect(measured).toEqual(["before 0", "during 9", "during 18", "after 18"]);
  const stepEnds = events.flatMap((type, i) => (type === "step-end" ? [i + 1] : []));
  const searched = events.flatMap((type, i) => (type === "phase-end" ? [i + 1] : []));
  const cases: [point: number, measured: string[]][] = [
    [searched[0] as number, ["during 9", "during 18", "after 18"]], // after its search
    [stepEnds[8] as number, ["during 9", "during 18", "after 18"]], // at the end of the retain module's training
    [stepEnds[12] as number, ["during 18", "after 18"]], // in the second round
  ];
  for (const [point, expected] of cases) {
    rmSync(at("run"), { recursive: true });
    renameSync(at(`left-${point}`), at("run"));
    measured = [];
    await unlearn(config, "", { ...context(undefined, true), evaluator });
    expect(results(), `killed after event ${point}`).toEqual(whole);
    expect(measured, `killed after event ${point}`).toEqual(expected);
  }
  expect(readdirSync(at("run"))).not.toContain("checkpoints");
});
