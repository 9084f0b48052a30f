// The official client against the server, over a socket: what it sends is understood, and what it gets it can read.

import OpenAI, { APIError, APIUserAbortError, BadRequestError, NotFoundError } from "openai";
import { pino } from "pino";
import { afterAll, expect, test, vi } from "vitest";
import { createServerApp } from "./app.ts";
import { scriptedModel, tinyServed } from "./fixtures/tiny-served.ts";
import { listen } from "./http-server.ts";

const tiny = await tinyServed();
const { tokenizer } = tiny;
const idsOf = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
const euros = scriptedModel(tokenizer, { name: "euros", ids: idsOf("20 € for Zoë 😀 and then the end of the mat") });
const endless = scriptedModel(tokenizer, { name: "endless", ids: idsOf("the cat"), hangs: true });
const broken = scriptedModel(tokenizer, { name: "broken", ids: idsOf("the cat sat"), failure: new Error("secret") });
const app = createServerApp({
  models: [tiny.served, euros, endless, broken],
  log: pino({ level: "silent" }),
  limits: { fullLogprobs: true },
});
const server = await listen(app, { host: "127.0.0.1", port: 0 });
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "any", maxRetries: 0 });
afterAll(async () => {
  await server.close(0);
  tiny[Symbol.dispose]();
});

const greedy = { model: "tiny", temperature: 0 } as const;

test("models are listed and found by name", async () => {
  const names: string[] = [];
  for await (const model of client.models.list()) names.push(model.id);
  expect(names).toEqual(["tiny", "euros", "endless", "broken"]);
  expect((await client.models.retrieve("euros")).owned_by).toBe("lethe");
});

test("a stream says what the whole answer says, in both routes", async () => {
  const whole = await client.completions.create({ ...greedy, prompt: "the cat", max_tokens: 20 });
  const parts: string[] = [];
  const stream = await client.completions.create({ ...greedy, prompt: "the cat", max_tokens: 20, stream: true });
  for await (const chunk of stream) parts.push(chunk.choices[0]?.text ?? "");
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.join("")).toBe(whole.choices[0]?.text);

  const messages = [{ role: "user" as const, content: "where is Zoë?" }];
  const said = await client.chat.completions.create({ ...greedy, messages, max_completion_tokens: 20 });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of await client.chat.completions.create({
    ...greedy,
    messages,
    max_completion_tokens: 20,
    stream: true,
    stream_options: { include_usage: true },
  })) {
    chunks.push(chunk);
  }
  expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(said.choices[0]?.message.content);
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("length");
  expect(chunks.at(-1)?.usage).toEqual(said.usage);
  expect(said.usage?.completion_tokens).toBe(20);
});

test("a chat is the question in the model's form: its prompt's ids are those of the completion route", async () => {
  const messages = [{ role: "user" as const, content: "the mat" }];
  const chat = await client.chat.completions.create({ ...greedy, messages, max_tokens: 12 });
  const ids = tokenizer.encode("the mat\n");
  const plain = await client.completions.create({ ...greedy, prompt: ids, max_tokens: 12 });
  expect(chat.choices[0]?.message.content).toBe(plain.choices[0]?.text);
  expect(chat.usage?.prompt_tokens).toBe(ids.length);
});

test("texts, lists of texts and token ids are the same prompts, and n gives each its answers in order", async () => {
  const texts = ["the cat", "Zoë"];
  const ask = async (prompt: string | string[] | number[] | number[][]) =>
    (await client.completions.create({ ...greedy, prompt, max_tokens: 8 })).choices.map(({ text }) => text);
  const both = await ask(texts);
  expect([...(await ask("the cat")), ...(await ask(tokenizer.encode("Zoë")))]).toEqual(both);
  expect(await ask(texts.map((text) => tokenizer.encode(text)))).toEqual(both);
  const several = await client.completions.create({ model: "tiny", prompt: texts, n: 3, max_tokens: 8, seed: 4 });
  expect(several.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(new Set(several.choices.map(({ text }) => text)).size).toBe(6);
  expect(several.usage).toMatchObject({ completion_tokens: 48 });
});

test("the same seed gives the same texts, another one others", async () => {
  const ask = async (seed: number) =>
    (await client.completions.create({ model: "tiny", prompt: "the", max_tokens: 16, seed, top_p: 0.9 })).choices[0]
      ?.text;
  expect(await ask(7)).toBe(await ask(7));
  expect(await ask(7)).not.toBe(await ask(8));
});

test("a stop string across tokens and characters of several bytes ends the text before it, in a stream as well", async () => {
  for (const [stop, expected] of [
    [" for Z", "20 €"],
    ["€ f", "20 "],
    ["oë 😀", "20 € for Z"],
    ["mat", "20 € for Zoë 😀 and then the end of the "],
    ["nowhere", "20 € for Zoë 😀 and then the end of the mat"],
  ] as const) {
    const request = { model: "euros", prompt: "x", max_tokens: 60, stop };
    const whole = await client.completions.create(request);
    expect(whole.choices[0]).toMatchObject({ text: expected, finish_reason: "stop" });
    const parts: string[] = [];
    for await (const chunk of await client.completions.create({ ...request, stream: true })) {
      parts.push(chunk.choices[0]?.text ?? "");
    }
    expect(parts.join("")).toBe(expected);
    expect(parts.join("|")).not.toContain("\uFFFD");
  }
  await vi.waitFor(() => expect(euros.living).toBe(0));
});

test("log-probabilities are those of the model, with the likeliest tokens beside them", async () => {
  const prompt = tokenizer.encode("the cat sat");
  const { choices } = await client.completions.create({ ...greedy, prompt, max_tokens: 6, logprobs: 3, echo: true });
  type Listed = Required<NonNullable<OpenAI.CompletionChoice["logprobs"]>>;
  const { tokens, token_logprobs, top_logprobs, text_offset } = (choices[0] as { logprobs: unknown })
    .logprobs as Listed;
  expect(tokens.length).toBe(prompt.length + 6);
  expect(token_logprobs[0]).toBeNull();
  // Greedy: what was chosen is the likeliest.
  for (let i = prompt.length; i < tokens.length; i++) {
    const likeliest = Math.max(...Object.values(top_logprobs[i] as Record<string, number>));
    expect(token_logprobs[i]).toBe(likeliest);
  }
  expect(choices[0]?.text.startsWith("the cat sat")).toBe(true);
  expect(text_offset.slice(0, 2)).toEqual([0, 0]); // the begin token has no text
  expect(text_offset[prompt.length]).toBe("the cat sat".length);

  // The same places seen as a prompt are worth the same.
  const ids: number[] = [];
  for await (const { id } of tiny.served.generate(
    {
      prompt: Int32Array.from(prompt),
      maxTokens: 6,
      choice: { temperature: 0 },
      seed: 0,
      stopIds: new Set(tokenizer.endIds),
      rows: false,
    },
    new AbortController().signal,
  )) {
    ids.push(id);
  }
  const again = await client.completions.create({
    ...greedy,
    prompt: [...prompt, ...ids],
    max_tokens: 0,
    prompt_logprobs: -1,
  } as OpenAI.CompletionCreateParamsNonStreaming);
  const seen = (
    again.choices[0] as unknown as { prompt_logprobs: (Record<string, { logprob: number; rank: number }> | null)[] }
  ).prompt_logprobs;
  expect(seen[0]).toBeNull();
  ids.forEach((id, i) => {
    const place = seen[prompt.length + i] as Record<string, { logprob: number; rank: number }>;
    expect(Object.keys(place).length).toBe(tokenizer.vocabularySize);
    expect(Object.values(place).reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 4);
    expect(place[id]).toMatchObject({
      rank: 1,
      logprob: expect.closeTo(token_logprobs[prompt.length + i] as number, 3),
    });
  });
});

test("a chat's log-probabilities come with bytes, and ids stand for texts where they were asked for", async () => {
  const messages = [{ role: "user" as const, content: "x" }];
  const request = { model: "euros", messages, max_tokens: 40, logprobs: true, top_logprobs: 2 };
  const content = (await client.chat.completions.create(request)).choices[0]?.logprobs?.content ?? [];
  expect(content.length).toBe(
    euros.requests.at(-1)?.maxTokens === 40 ? idsOf("20 € for Zoë 😀 and then the end of the mat").length : 0,
  );
  expect(content[0]).toMatchObject({
    token: "2",
    bytes: [50],
    logprob: expect.closeTo(-Math.log(tokenizer.vocabularySize), 4),
  });
  expect(content[0]?.top_logprobs.length).toBe(2);
  const named = await client.completions.create({
    ...greedy,
    prompt: "the",
    max_tokens: 3,
    logprobs: 1,
    return_tokens_as_token_ids: true,
  } as OpenAI.CompletionCreateParamsNonStreaming);
  expect(named.choices[0]?.logprobs?.tokens?.every((token) => /^token_id:\d+$/.test(token))).toBe(true);
});

test("a client that leaves in the middle frees its rows", async () => {
  const stream = await client.completions.create({ model: "endless", prompt: "x", n: 3, max_tokens: 50, stream: true });
  for await (const _ of stream) break;
  await vi.waitFor(() => expect(endless.living).toBe(0), { timeout: 5000 });
  const controller = new AbortController();
  const whole = client.completions.create(
    { model: "endless", prompt: "x", max_tokens: 50 },
    { signal: controller.signal },
  );
  await vi.waitFor(() => expect(endless.living).toBe(1), { timeout: 5000 });
  controller.abort();
  await expect(whole).rejects.toBeInstanceOf(APIUserAbortError);
  await vi.waitFor(() => expect(endless.living).toBe(0), { timeout: 5000 });
});

test("what fails in the middle of a stream ends it with an error, and tells no secret", async () => {
  const stream = await client.completions.create({ model: "broken", prompt: "x", max_tokens: 50, stream: true });
  const read = async () => {
    for await (const _ of stream);
  };
  const error = await read().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(APIError);
  expect((error as APIError).message).toContain("internal error");
  await expect(client.completions.create({ model: "broken", prompt: "x", max_tokens: 50 })).rejects.toMatchObject({
    status: 500,
    code: "internal",
    message: expect.not.stringContaining("secret"),
  });
});

test.each<[string, object, object]>([
  [
    "a model that is not there",
    { model: "tinny", prompt: "x" },
    { status: 404, code: "model_not_found", param: "model" },
  ],
  ["a key that is not known", { model: "tiny", prompt: "x", max_token: 4 }, { status: 400, param: "max_token" }],
  ["a prompt too long", { model: "tiny", prompt: "x".repeat(90), max_tokens: 40 }, { code: "context_length_exceeded" }],
  ["a foreign token", { model: "tiny", prompt: [1, 99999] }, { status: 400, param: "prompt" }],
  ["an empty list of tokens", { model: "tiny", prompt: [] }, { status: 400, param: "prompt" }],
  ["a value out of range", { model: "tiny", prompt: "x", top_p: 2 }, { status: 400, param: "top_p" }],
  ["a penalty", { model: "tiny", prompt: "x", frequency_penalty: 1 }, { status: 400, param: "frequency_penalty" }],
  ["more answers than the server has rows", { model: "tiny", prompt: "x", n: 100 }, { status: 400, param: "n" }],
  ["too many tokens", { model: "tiny", prompt: "x", max_tokens: 1e6 }, { status: 400 }],
  [
    "the prompt's log-probabilities in a stream",
    { model: "tiny", prompt: "x", echo: true, logprobs: 1, stream: true },
    { param: "stream" },
  ],
])("refuses %s", async (_, request, expected) => {
  const refused = client.completions.create(request as OpenAI.CompletionCreateParamsNonStreaming);
  await expect(refused).rejects.toMatchObject({ type: "invalid_request_error", ...expected });
});

test("errors are of the client's own classes", async () => {
  await expect(client.models.retrieve("none")).rejects.toBeInstanceOf(NotFoundError);
  const roles = [
    { role: "user" as const, content: "a" },
    { role: "user" as const, content: "b" },
  ];
  await expect(client.chat.completions.create({ model: "tiny", messages: roles })).rejects.toBeInstanceOf(
    BadRequestError,
  );
});
