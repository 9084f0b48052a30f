// Scope `offset`: whole runs with tiny models, in process.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Reporter, silent, type TaskEvent } from "../../core/events.ts";
import { encodingOptions } from "../../data/encoding.ts";
import { compareColumns } from "../../evaluation/compare.ts";
import { type Evaluation, evaluate, evaluationOptions, prepareBenchmark } from "../../evaluation/index.ts";
import { tinyLlama } from "../../models/fixtures/tiny-llama.ts";
import { createStageRunner } from "../../models/stage-runner.ts";
import { openOffset } from "../../steering/index.ts";
import { rowValues } from "../../training/row-values.ts";
import { type TrainConfig, trainConfig } from "../config.ts";
import { context, type TaughtModel, taughtModel } from "../fixtures/taught-model.ts";
import { encodeAll, openSession, readSources } from "../session.ts";
import { openSteeredSession } from "../steered-session.ts";
import { teach } from "../teach.ts";
import { unlearn } from "../unlearn.ts";

let taught: TaughtModel;

beforeAll(async () => {
  taught = await taughtModel();
  const { at } = taught;
  const small = {
    model: { init: "random", config: { ...tinyLlama, num_hidden_layers: 1 }, tokenizer: at("taught", "model") },
    data: [at("forget.jsonl"), at("retain.jsonl")],
    training: { steps: 30, batchSize: 4, learningRate: 0.01 },
    output: at("small"),
  };
  await teach(trainConfig.parse(small) as TrainConfig, "", context());
});
afterAll(() => taught[Symbol.dispose]());

const offset = (change: object = {}) => ({ name: "offset", small: taught.at("small", "model"), ...change });

test("a run trains the small model alone and leaves an offset that says what it belongs to", async () => {
  const { at, forgetting } = taught;
  const bytes = () => readFileSync(at("taught", "model", "model.safetensors"));
  const before = bytes();
  await unlearn(forgetting({ objective: "grad-diff", scope: offset(), output: at("run") }), "", context());
  expect(bytes().equals(before)).toBe(true);
  const found = openOffset(at("run"));
  expect(found.alpha).toBe(1);
  expect(found.model).toMatchObject({ name: at("taught", "model"), path: join("..", "taught", "model") });
  expect(readdirSync(at("run"))).not.toContain("logits");
  expect(readFileSync(join(found.tuned, "model.safetensors"))).not.toEqual(
    readFileSync(at("small", "model", "model.safetensors")),
  );
});

test("killed in the midst, a run goes on to the same bytes; what it had asked for it does not ask again", async () => {
  const { at, forgetting } = taught;
  const config = (output: string) => forgetting({ objective: "npo", scope: offset(), output });
  const weights = (run: string) => readFileSync(join(at(run), "model", "model.safetensors"));
  await unlearn(config(at("whole")), "", context());
  const stop = new AbortController();
  const report: Reporter = (event) => {
    if (event.type === "step-end" && event.step === 3) stop.abort(new Error("stopped"));
  };
  await expect(unlearn(config(at("cut")), "", { ...context(report), signal: stop.signal })).rejects.toThrow("stopped");
  expect(readdirSync(at("cut"))).toContain("logits");
  const events: TaskEvent[] = [];
  const watch: Reporter = (event) => {
    events.push(event);
  };
  await unlearn(config(at("cut")), "", context(watch, true));
  expect(weights("cut").equals(weights("whole"))).toBe(true);
  expect(events.some((event) => event.type === "phase-start" && event.phase === "ask steered model")).toBe(false);
});

test("before the first step the run measures M itself, answers included, and afterwards M with the offset, as a fresh process does", async () => {
  const { at, forgetting } = taught;
  const sets = { forget: { data: at("forget.jsonl"), role: "forget", generate: true } } as const;
  const training = { steps: 6, batchSize: 3, learningRate: 0.02 };
  const config = forgetting({ objective: "grad-diff", scope: offset(), training, output: at("measured") });
  const options = evaluationOptions.parse({ sets, metrics: ["probability", "token-accuracy", "rouge-l"] });
  const columns: Evaluation[] = [];
  const evaluator = compareColumns(options, { report: silent }, { seed: 0, found: (column) => columns.push(column) });
  await unlearn(config, "", { ...context(), evaluator });
  const opening = { device: "cpu", encoding: config.encoding, report: silent } as const;
  const own = async (
    session: Parameters<typeof evaluate>[0] & Parameters<typeof prepareBenchmark>[0],
    column: string,
  ) => evaluate(session, await prepareBenchmark(session, options), { column, seed: 0, report: silent });
  using model = await openSession(at("taught", "model"), opening);
  using sum = await openSteeredSession(at("taught", "model"), [at("measured")], opening);
  using none = await openSteeredSession(at("taught", "model"), [at("measured"), at("measured")], {
    ...opening,
    alpha: 0,
  });
  const [before, after] = columns as [Evaluation, Evaluation];
  expect(before.sets).toEqual((await own(model, "before")).sets);
  expect(after.sets).toEqual((await own(sum, "after")).sets);
  expect((await own(none, "before")).sets).toEqual(before.sets);
  expect(after.sets).not.toEqual(before.sets);
});

test("two offsets added at half strength give what one gives whole", async () => {
  const { at } = taught;
  const opening = { device: "cpu", encoding: encodingOptions.parse({}), report: silent } as const;
  using one = await openSteeredSession(at("taught", "model"), [at("measured")], opening);
  using two = await openSteeredSession(at("taught", "model"), [at("measured"), at("measured")], {
    ...opening,
    alpha: 0.5,
  });
  const examples = encodeAll(one, (await readSources(at("forget.jsonl"))).records, "the test");
  const [whole, halves] = await Promise.all(
    [one, two].map((session) => rowValues(createStageRunner(session.model), examples, ["nll"])),
  );
  whole?.forEach(({ nll }, i) => {
    nll.forEach((x, t) => {
      expect(halves?.[i]?.nll[t]).toBeCloseTo(x, 3);
    });
  });
});

test("memflex chooses within the small model, which is all that moves: the axes are independent", async () => {
  const { at, forgetting } = taught;
  const scope = offset({ within: { name: "memflex", share: 0.25 } });
  await unlearn(forgetting({ objective: "grad-diff", scope, output: at("region") }), "", context());
  const { tensors } = JSON.parse(readFileSync(at("region", "region.json"), "utf8")) as {
    tensors: { name: string; selected?: boolean }[];
  };
  expect(tensors.every(({ name }) => !name.includes("layers.1."))).toBe(true);
  openOffset(at("region"));
});

test("an offset within itself, of a model with other tokens, or for teaching is refused before anything is written", async () => {
  const { at, forgetting } = taught;
  const run = (scope: object) => unlearn(forgetting({ scope, output: at("refused") }), "", context());
  await expect(run(offset({ within: offset() }))).rejects.toThrow('cannot train "offset" of its small model');
  await expect(run(offset({ within: "adapter" }))).rejects.toThrow('cannot train "adapter" of its small model');
  const other = {
    model: { init: "random", config: tinyLlama, tokenizer: { vocabularySize: 270 } },
    data: at("retain.jsonl"),
    training: { steps: 1, learningRate: 0.01 },
    output: at("other"),
  };
  await teach(trainConfig.parse(other) as TrainConfig, "", context());
  await expect(run(offset({ small: at("other", "model") }))).rejects.toThrow(
    /have different vocabularies: id \d+ is ".*" and /,
  );
  expect(existsSync(at("refused"))).toBe(false);
  await expect(
    teach(trainConfig.parse({ ...other, scope: offset(), output: at("refused") }) as TrainConfig, "", context()),
  ).rejects.toThrow("teaching has none");
});
