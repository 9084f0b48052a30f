// Keys, limits and the end of the server: what is refused, with which answer, and that nothing stays behind.

import { connect } from "node:net";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { parseConfig } from "../core/config.ts";
import { LetheError } from "../core/errors.ts";
import { createServerApp, type ServerAppOptions } from "./app.ts";
import { type Script, scriptedModel, tinyTokenizer } from "./fixtures/tiny-served.ts";
import { listen } from "./http-server.ts";
import { createKeyRing, hashKey, keysFile } from "./keys.ts";

const tokenizer = await tinyTokenizer();
const ids = tokenizer.encode("the cat", { addSpecialTokens: false });

function serve(options: Partial<ServerAppOptions> = {}, script: Partial<Script> = {}) {
  const model = scriptedModel(tokenizer, { ids, ...script });
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const app = createServerApp({ models: [model], log, ...options });
  const ask = async (body: object | string, headers: Record<string, string> = {}, path = "/v1/completions") => {
    const text = typeof body === "string" ? body : JSON.stringify({ model: "scripted", prompt: "x", ...body });
    return app.fetch(new Request(`http://server${path}`, { method: "POST", body: text, headers }));
  };
  const get = async (path: string, headers: Record<string, string> = {}) =>
    app.fetch(new Request(`http://server${path}`, { headers }));
  return { model, app, ask, get, lines };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;

const ring = (entries: readonly object[], now?: () => number) =>
  createKeyRing(parseConfig(keysFile, { text: JSON.stringify({ keys: entries }) }), ["scripted", "other"], now);

test("a key opens its models and no other, and what it does not open it does not see", async () => {
  const other = scriptedModel(tokenizer, { name: "other", ids });
  const model = scriptedModel(tokenizer, { ids });
  const keys = ring([{ name: "one", sha256: hashKey("sesame"), models: ["scripted"] }]);
  const { ask, get } = serve({ models: [model, other], keys });
  expect((await ask({}, bearer("sesame"))).status).toBe(200);
  const refused = await ask({ model: "other" }, bearer("sesame"));
  expect(refused.status).toBe(404);
  expect(await errorOf(refused)).toMatchObject({
    code: "model_not_found",
    message: expect.not.stringContaining("other,"),
  });
  const listed = (await (await get("/v1/models", bearer("sesame"))).json()) as { data: { id: string }[] };
  expect(listed.data.map(({ id }) => id)).toEqual(["scripted"]);
  expect((await get("/metrics", bearer("sesame"))).status).toBe(403);
  expect((await get("/health")).status).toBe(200);
  for (const headers of [{}, bearer("wrong"), { authorization: "Basic sesame" }]) {
    const response = await ask({}, headers);
    expect(response.status).toBe(401);
    expect(await errorOf(response)).toMatchObject({ type: "authentication_error", code: "invalid_api_key" });
  }
});

test("a key's requests and tokens per minute come back with time, and tokens that were not needed at once", async () => {
  let now = 0;
  const used = 2 + ids.length; // begin token, "x", and what is said
  const keys = ring(
    [
      { name: "few", sha256: hashKey("few"), models: "all", requestsPerMinute: 2 },
      { name: "short", sha256: hashKey("short"), models: "all", tokensPerMinute: 32 + used },
    ],
    () => now,
  );
  const { ask } = serve({ keys });
  for (let i = 0; i < 2; i++) expect((await ask({}, bearer("few"))).status).toBe(200);
  const late = await ask({}, bearer("few"));
  expect([late.status, late.headers.get("retry-after")]).toEqual([429, "30"]);
  now = 30_000;
  expect((await ask({}, bearer("few"))).status).toBe(200);

  expect((await ask({ max_tokens: 50 }, bearer("short"))).status).toBe(400);
  // 30 new tokens are set aside, only those of "the cat" are used: a second request of the same size fits.
  for (let i = 0; i < 2; i++) expect((await ask({ max_tokens: 30 }, bearer("short"))).status).toBe(200);
  const empty = await ask({ max_tokens: 30 }, bearer("short"));
  expect(empty.status).toBe(429);
  expect(await errorOf(empty)).toMatchObject({ type: "rate_limit_error", code: "rate_limit_exceeded" });
});

test("a keys file that names what is not there, or one thing twice, is refused", () => {
  const entry = { name: "a", sha256: hashKey("a"), models: "all" };
  expect(() => ring([{ ...entry, models: ["scriptd"] }])).toThrow(/"scriptd", which is not served/);
  expect(() => ring([entry, { ...entry, sha256: hashKey("b") }])).toThrow('the name "a" stands twice');
  expect(() => ring([entry, { ...entry, name: "b" }])).toThrow("a key stands twice");
  expect(() => ring([{ name: "a", sha256: "secret", models: "all" }])).toThrow(/hexadecimal/);
  expect(() => ring([{ name: "a", sha256: hashKey("a") }])).toThrow(/models/);
});

test("more rows than the server takes on are refused with a time to come back, and room comes back", async () => {
  const { ask, model } = serve({ limits: { rows: 2 } }, { hangs: true });
  const stream = await ask({ n: 2, stream: true, max_tokens: 40 });
  const busy = await ask({ max_tokens: 4 });
  expect([busy.status, busy.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(await errorOf(busy)).toMatchObject({ code: "server_busy" });
  await stream.body?.cancel();
  await vi.waitFor(() => expect(model.living).toBe(0));
  expect((await ask({ max_tokens: 2 })).status).toBe(200);
});

test("a body too large, not JSON, or no object is refused", async () => {
  const { ask } = serve({ limits: { bodyBytes: 200 } });
  expect((await ask({ prompt: "x".repeat(300) })).status).toBe(413);
  expect(await errorOf(await ask("{"))).toMatchObject({ code: "invalid_json" });
  expect((await ask("null")).status).toBe(400);
  expect((await ask("[]")).status).toBe(400);
  expect((await ask({}, {}, "/v1/embeddings")).status).toBe(404);
});

test("an answer that takes too long is ended, whole or in a stream", async () => {
  const { ask, model } = serve({ limits: { requestSeconds: 0.05 } }, { hangs: true });
  const whole = await ask({ max_tokens: 40 });
  expect(whole.status).toBe(504);
  expect(await errorOf(whole)).toMatchObject({ type: "timeout" });
  const stream = await (await ask({ max_tokens: 40, stream: true })).text();
  expect(stream).toContain('"type":"timeout"');
  expect(stream).not.toContain("[DONE]");
  expect(model.living).toBe(0);
});

test("a client that does not read its stream holds its place no longer than an answer may take", async () => {
  const limits = { requestSeconds: 0.5, rows: 32, fullLogprobs: true };
  const { app, ask } = serve({ limits }, { ids: Array.from({ length: 60 }, () => 20) });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  const body = JSON.stringify({ model: "scripted", prompt: "x", n: 32, max_tokens: 60, logprobs: -1, stream: true });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.pause();
  socket.write(`POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await vi.waitFor(async () => expect((await ask({ max_tokens: 1 })).status).toBe(429));
  await vi.waitFor(async () => expect((await ask({ max_tokens: 1 })).status).toBe(200), { timeout: 10_000 });
  socket.destroy();
  await server.close(0);
});

test("an upstream's failure is a 502 in its own words, before the stream begins or in it", async () => {
  const failure = new LetheError("upstream", "the upstream changed its model");
  const { ask } = serve({}, { ids: [], failure });
  for (const stream of [false, true]) {
    const response = await ask({ stream });
    expect(response.status).toBe(502);
    expect(await errorOf(response)).toMatchObject({
      type: "upstream_error",
      message: "the upstream changed its model",
    });
  }
  const midway = serve({}, { failure });
  expect(await (await midway.ask({ stream: true, max_tokens: 40 })).text()).toContain('"type":"upstream_error"');
});

test("both limits are named when a prompt does not fit two models", async () => {
  const { ask } = serve({}, { contextLimits: { upstream: 2048, offset: 64 } });
  expect((await errorOf(await ask({ prompt: "x".repeat(100) }))).message).toContain("upstream 2048, offset 64");
});

test("a server that closes lets answers end, takes on no more, and ends what lasts too long", async () => {
  const { ask, app, get, model } = serve({}, { hangs: true });
  const lasting = ask({ max_tokens: 40 });
  await vi.waitFor(() => expect(model.living).toBe(1));
  const drained = app.drain(0.05);
  expect((await ask({})).status).toBe(503);
  expect((await get("/health")).status).toBe(503);
  await drained;
  expect((await lasting).status).toBe(503);
  expect(model.living).toBe(0);

  let open = () => {};
  const other = serve({}, { until: new Promise<void>((resolve) => (open = resolve)) });
  const ending = other.ask({ max_tokens: 40 });
  await vi.waitFor(() => expect(other.model.living).toBe(1));
  const closed = other.app.drain(60);
  open();
  await closed;
  expect((await ending).status).toBe(200);
});

test("the log tells who asked for how much, and nothing that was said, unless it is asked to", async () => {
  const { ask, lines, get } = serve({}, { failure: undefined });
  await ask({ prompt: "confidential words" });
  await ask({ prompt: "confidential words", top_p: "confidential words" });
  await ask({ model: "confidential words" });
  expect(lines.length).toBe(3);
  expect(lines.join("")).not.toContain("confidential");
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    route: "/v1/completions",
    status: 200,
    model: "scripted",
    completionTokens: ids.length,
  });
  const metrics = await (await get("/metrics")).text();
  expect(metrics).toContain('lethe_requests_total{route="/v1/completions",model="scripted",status="200"} 1');
  expect(metrics).toContain(`lethe_tokens_total{model="scripted",kind="completion"} ${ids.length}`);
  expect(metrics).toContain("lethe_rows 0");
  const heap = (kind: string) =>
    Number(new RegExp(`^lethe_heap_bytes\\{kind="${kind}"\\} (\\d+)$`, "m").exec(metrics)?.[1]);
  expect(heap("objects")).toBeGreaterThan(0);
  expect(heap("heap")).toBeGreaterThan(heap("objects"));
  expect(metrics).not.toContain("confidential");
  const telling = serve({ logPrompts: true });
  await telling.ask({ prompt: "confidential words" });
  expect(telling.lines.join("")).toContain("confidential words");
});
