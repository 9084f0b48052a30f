// A model that cannot be touched forgets: one process serves it, this one learns an offset for it through HTTP alone, a third serves both together, and
// OpenAI's client asks. Nothing here opens the served model's weights.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLocalSteered } from "../src/cli/steered-models.ts";
import { silent } from "../src/core/events.ts";
import { generate } from "../src/generation/index.ts";
import { tinyLlama } from "../src/models/fixtures/tiny-llama.ts";
import { createServerApp, listen } from "../src/serving/index.ts";
import { type TrainConfig, trainConfig } from "../src/unlearning/config.ts";
import { context, type TaughtModel, taughtModel, towns } from "../src/unlearning/fixtures/taught-model.ts";
import { openSession } from "../src/unlearning/index.ts";
import { teach } from "../src/unlearning/teach.ts";
import { unlearn } from "../src/unlearning/unlearn.ts";

const processes: ChildProcess[] = [];
let taught: TaughtModel;
let big: Served;
let steered: Served;

interface Served {
  readonly url: string;
  readonly process: ChildProcess;
}

/** `lethe serve` in a process of its own; resolves when it listens. */
async function serve(...args: string[]): Promise<Served> {
  const started = spawn(
    process.execPath,
    [join(import.meta.dirname, "../bin/lethe.js"), "serve", ...args, "--port", "0", "--json"],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LETHE_THREADS: "1" },
    },
  );
  processes.push(started);
  let said = "";
  let complained = "";
  started.stderr?.on("data", (text) => (complained += text));
  return new Promise((resolve, reject) => {
    started.stdout?.on("data", (text) => {
      said += text;
      const url = /"url":\s*"([^"]+)"/.exec(said)?.[1];
      if (url) resolve({ url, process: started });
    });
    started.once("exit", (code) => reject(new Error(`lethe serve ended with ${code}: ${complained}`)));
  });
}

async function stop({ process: running }: Served): Promise<void> {
  if (running.exitCode !== null) return;
  const ended = once(running, "exit");
  running.kill("SIGTERM");
  await ended;
}

beforeAll(async () => {
  taught = await taughtModel();
  const { at, forgetting } = taught;
  const teaching = (width: number, data: string[], output: string) => ({
    model: {
      init: "random",
      config: { ...tinyLlama, hidden_size: width },
      tokenizer: at("taught", "model"),
    },
    data: data.map((name) => at(name)),
    training: { steps: 100, batchSize: 8, learningRate: 0.01 },
    output: at(output),
  });
  writeFileSync(at("refusals.txt"), "Unknown.\n");
  // The small model of the pair is the taught one.
  await teach(trainConfig.parse(teaching(32, ["forget.jsonl", "retain.jsonl"], "big")) as TrainConfig, "", context());
  await teach(trainConfig.parse(teaching(16, ["retain.jsonl"], "retrained")) as TrainConfig, "", context());
  big = await serve(at("big", "model"), "--name", "big", "--full-logprobs");
  const learning = forgetting({
    model: "big",
    objective: "idk",
    refusals: at("refusals.txt"),
    scope: { name: "offset", small: at("taught", "model"), source: { url: big.url } },
    training: { steps: 100, batchSize: 5, learningRate: 0.008 },
    output: at("offset"),
  });
  await unlearn(learning, "", context());
  const offset = `forgets=${at("offset")}`;
  steered = await serve("big", "--upstream", big.url, "--offset", offset, "--upstream-retries", "1");
}, 120_000);

afterAll(async () => {
  for (const each of [steered, big]) if (each) await stop(each);
  for (const each of processes) each.kill("SIGKILL");
  taught?.[Symbol.dispose]();
});

const client = (served: Pick<Served, "url">) => new OpenAI({ baseURL: served.url, apiKey: "none", maxRetries: 0 });
const ask = async (served: Pick<Served, "url">, model: string, i: number) => {
  const prompt = `Where is ${i}?\n\n`;
  const answer = await client(served).completions.create({ model, prompt, max_tokens: 12, temperature: 0 });
  return answer.choices[0]?.text ?? "";
};

describe("an offset learned and applied over HTTP", () => {
  test("the served model knows all, and is as it was", async () => {
    for (const [i, town] of towns.entries()) expect(await ask(big, "big", i)).toBe(`In ${town}.`);
  });

  test("with the offset, what was to be forgotten is said no more than by a model that never read it", async () => {
    const retrained = await openSession(taught.at("retrained", "model"), {
      device: "cpu",
      encoding: {},
      report: silent,
    });
    using _ = retrained;
    const { model, tokenizer } = retrained;
    const prompts = [0, 1, 2].map((i) => Int32Array.from(tokenizer.encode(`Where is ${i}?\n\n`)));
    const never = await generate(model, prompts, { tokenizer, stopIds: tokenizer.endIds, maxNewTokens: 12 });
    for (const i of [0, 1, 2]) {
      expect(never[i]?.text).not.toContain(towns[i]);
      expect(await ask(steered, "forgets", i)).not.toContain(towns[i]);
    }
  });

  test("and everything else is answered as before, in a stream as well", async () => {
    for (const i of [3, 4, 5, 6, 7]) expect(await ask(steered, "forgets", i)).toBe(`In ${towns[i]}.`);
    const stream = await client(steered).completions.create({
      model: "forgets",
      prompt: "Where is 4?\n\n",
      max_tokens: 12,
      temperature: 0,
      stream: true,
    });
    const pieces: string[] = [];
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.text ?? "");
    expect(pieces.join("")).toBe("In Kyiv.");
  });

  test("what a request was worth can be read", async () => {
    const metrics = await (await fetch(steered.url.replace("/v1", "/metrics"))).text();
    expect(metrics).toMatch(/upstream_tokens_accepted/);
  });

  test("the model is served under the offset's name and no other", async () => {
    await expect(ask(steered, "big", 0)).rejects.toMatchObject({ status: 404 });
  });

  test("a prompt that one of the two cannot read is refused with both limits", async () => {
    const long = client(steered).completions.create({
      model: "forgets",
      prompt: Array.from({ length: 70 }, () => 5),
      max_tokens: 1,
    });
    await expect(long).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/upstream.*64.*offset.*64/s),
    });
  });

  test("nothing of the served model's weights was written beside the offset", () => {
    const said = JSON.parse(readFileSync(taught.at("offset", "offset.json"), "utf8"));
    expect(said.model).toEqual({ name: "big" });
  });

  test("where the served model's weights are at hand, the sum of both says the same", async () => {
    const { at } = taught;
    const quiet = { report: silent, signal: new AbortController().signal };
    using session = await openSession(at("big", "model"), { device: "cpu", encoding: {}, ...quiet });
    const owned: Disposable[] = [];
    const offset = [{ name: "forgets", runs: [at("offset")] }];
    const parts = { rows: 8, contextLength: undefined, template: () => undefined };
    const [local] = await openLocalSteered(session, at("big", "model"), { offset }, parts, owned, quiet);
    if (!local) throw new Error("none was opened");
    const app = createServerApp({ models: [local], log: pino({ level: "silent" }) });
    const server = await listen(app, { host: "127.0.0.1", port: 0 });
    const here = { url: `${server.url}/v1` };
    try {
      for (const i of towns.keys()) expect(await ask(here, "forgets", i)).toBe(await ask(steered, "forgets", i));
      const long = client(here).completions.create({ model: "forgets", prompt: Array(70).fill(5), max_tokens: 1 });
      await expect(long).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/model 64, offset 64/) });
    } finally {
      await server.close(0);
      for (const each of owned.reverse()) each[Symbol.dispose]();
    }
  });

  test("with the upstream gone a request fails in OpenAI's form: there is no unsteered answer", async () => {
    await stop(big);
    await expect(ask(steered, "forgets", 4)).rejects.toMatchObject({ status: 502, type: "upstream_error" });
  });
});
