// The routes: who asks, what is asked, how it is answered. Knows HTTP; the listening socket is http-server.ts's, models and forms are others'.

import { setTimeout as pause } from "node:timers/promises";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { streamSSE } from "hono/streaming";
import type { Logger } from "pino";
import { describeNames } from "../core/nearest.ts";
import { createAdmission } from "./admission.ts";
import { prepareChat } from "./chat.ts";
import { prepareCompletion } from "./completions.ts";
import { answerStream, answerWhole, type Exchange, type ExchangeOptions } from "./exchange.ts";
import { type KeyHolder, type KeyRing, openRing } from "./keys.ts";
import { createObserver, type RequestRecord } from "./observe.ts";
import { errorAnswer, RequestProblem } from "./request-problem.ts";
import type { ServingLimits } from "./row-plans.ts";
import type { ServedModel } from "./served-model.ts";
import { chatRequest, completionRequest, readRequest } from "./wire.ts";

export interface ServerLimits extends ServingLimits {
  readonly bodyBytes: number;
  /** From a request to the end of its answer. */
  readonly requestSeconds: number;
}

export const defaultLimits: ServerLimits = {
  rows: 64,
  maxTokens: 4096,
  fullLogprobs: false,
  bodyBytes: 4 << 20,
  requestSeconds: 600,
};

export interface ServerAppOptions {
  readonly models: readonly ServedModel[];
  readonly log: Logger;
  /** Default: everybody may ask everything. */
  readonly keys?: KeyRing | undefined;
  readonly limits?: Partial<ServerLimits>;
  /** Whether the log holds what was asked. Default false. */
  readonly logPrompts?: boolean;
}

export interface ServerApp {
  readonly fetch: (request: Request, env?: object) => Response | Promise<Response>;
  /** Refuses new requests with 503; resolves when the others are done, or after `seconds`, when they are ended. */
  drain(seconds: number): Promise<void>;
}

interface Environment {
  readonly Variables: { requestId: string; record: RequestRecord };
}

/** A stream of which the first chunk is known. */
interface OpenStream {
  readonly first: IteratorResult<object, void>;
  readonly chunks: AsyncGenerator<object, void, void>;
  /** Aborts when the answer must end; its reason is why. */
  readonly end: AbortSignal;
  /** To be called when the client leaves. */
  readonly clientLeft: () => void;
  /** Makes room for others. */
  readonly leave: () => void;
}

type Prepare = (model: ServedModel, body: unknown, limits: ServingLimits) => Exchange;

export function createServerApp({
  models,
  log,
  keys = openRing,
  logPrompts = false,
  ...options
}: ServerAppOptions): ServerApp {
  const limits = { ...defaultLimits, ...options.limits };
  const admission = createAdmission(limits.rows);
  const observer = createObserver(models, admission, log);
  /** One for each answer on its way; an abort's reason is the answer. */
  const underWay = new Set<AbortController>();
  const created = Math.floor(Date.now() / 1000);
  const app = new Hono<Environment>();

  function authenticate(c: Context<Environment>): KeyHolder {
    const header = c.req.header("authorization");
    const holder = keys(header === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(header)?.[1] ?? ""));
    c.get("record").key = holder.name;
    return holder;
  }

  function modelFor(holder: KeyHolder, name: string): ServedModel {
    const open = models.filter((model) => holder.opens(model.name));
    const found = open.find((model) => model.name === name);
    if (found) return found;
    const shown = name.slice(0, 100);
    // A key learns nothing of models that it does not open.
    const message = `there is no model "${shown}" for this key. ${describeNames(
      shown,
      open.map((model) => model.name),
    )}`;
    throw new RequestProblem(404, message, { param: "model", code: "model_not_found" });
  }

  async function readJson(c: Context<Environment>): Promise<unknown> {
    try {
      return await c.req.json();
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new RequestProblem(400, "the body is not valid JSON", { code: "invalid_json" });
      throw error;
    }
  }

  async function answer(c: Context<Environment>, prepare: Prepare): Promise<Response> {
    const record = c.get("record");
    const holder = authenticate(c);
    holder.countRequest();
    const body = await readJson(c);
    const name = (body as { model?: unknown } | null)?.model;
    if (typeof name !== "string") throw new RequestProblem(400, '"model" is missing', { param: "model" });
    const exchange = prepare(modelFor(holder, name), body, limits);
    const { model, rows, promptTokens, stream } = exchange;
    Object.assign(record, { model: model.name, stream, promptTokens });
    if (logPrompts) record.prompts = exchange.prompts;
    const most = promptTokens + rows.reduce((sum, { request }) => sum + request.maxTokens, 0);
    const tokens = holder.reserveTokens(most);
    let place: { leave(): void };
    try {
      place = admission.enter(Math.max(1, rows.length));
    } catch (error) {
      tokens.giveBack(most);
      throw error;
    }
    const end = new AbortController();
    const late = setTimeout(() => end.abort(tooLate(limits.requestSeconds)), limits.requestSeconds * 1000);
    const clientLeft = () => end.abort(new RequestProblem(499, "the client left"));
    c.req.raw.signal.addEventListener("abort", clientLeft);
    underWay.add(end);
    const leave = () => {
      clearTimeout(late);
      c.req.raw.signal.removeEventListener("abort", clientLeft);
      underWay.delete(end);
      place.leave();
      tokens.giveBack(most - promptTokens - record.completionTokens);
    };
    const settings: ExchangeOptions = { signal: end.signal, onToken: (row) => observer.token(record, row) };
    if (!stream) {
      try {
        return c.json(await answerWhole(exchange, settings));
      } finally {
        leave();
      }
    }
    const chunks = answerStream(exchange, settings);
    try {
      return send(c, { first: await chunks.next(), chunks, end: end.signal, clientLeft, leave });
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** The stream, whose first chunk is known already: what fails before it has failed with a status. */
  function send(c: Context<Environment>, { first, chunks, end, clientLeft, leave }: OpenStream): Response {
    const record = c.get("record");
    return streamSSE(c, async (stream) => {
      let status = 200;
      let failure: unknown;
      // The stream may wait for its next token when the client leaves, or for a client that does not read.
      stream.onAbort(clientLeft);
      // One listener for all writes: a race of each with a promise that outlives it would leave something behind for every token.
      let giveUp = (_reason: unknown) => {};
      end.addEventListener("abort", () => giveUp(end.reason));
      const write = (data: string) =>
        new Promise<unknown>((resolve, reject) => {
          end.throwIfAborted();
          giveUp = reject;
          stream.writeSSE({ data }).then(resolve, reject);
        });
      try {
        for (let next = first; !next.done; next = await chunks.next()) {
          await write(JSON.stringify(next.value));
          if (stream.aborted) break;
        }
        if (!stream.aborted) await write("[DONE]");
      } catch (error) {
        failure = error;
        const { status: code, body } = errorAnswer(error);
        status = code;
        void stream.writeSSE({ data: JSON.stringify(body) }).catch(() => {});
      } finally {
        await chunks.return();
        leave();
        observer.end(record, stream.aborted || c.req.raw.signal.aborted ? 499 : status, failure);
      }
    });
  }

  app.use(requestId({ headerName: "x-request-id" }));
  app.use(async (c, next) => {
    const route = c.req.path.startsWith("/v1/")
      ? (knownRoutes.find((known) => known === c.req.path) ?? "other")
      : "other";
    c.set("record", { id: c.get("requestId"), route, started: performance.now(), completionTokens: 0 });
    await next();
    const streams = c.res.headers.get("content-type")?.startsWith("text/event-stream");
    if (route !== "other" && !streams) observer.end(c.get("record"), c.res.status, c.error);
  });
  app.use(
    bodyLimit({
      maxSize: limits.bodyBytes,
      onError: () => {
        throw new RequestProblem(413, `the body has more than ${limits.bodyBytes} bytes`, { code: "body_too_large" });
      },
    }),
  );
  app.get("/health", (c) => c.json({ status: admission.closing ? "closing" : "ok" }, admission.closing ? 503 : 200));
  app.get("/metrics", (c) => {
    if (!authenticate(c).metrics) throw new RequestProblem(403, "this key may not read /metrics");
    return c.text(observer.metricsText(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
  const listed = ({ name, contextLength }: ServedModel) => ({
    id: name,
    object: "model",
    created,
    owned_by: "lethe",
    max_model_len: contextLength,
  });
  app.get("/v1/models", (c) => {
    const holder = authenticate(c);
    return c.json({ object: "list", data: models.filter(({ name }) => holder.opens(name)).map(listed) });
  });
  app.get("/v1/models/:name{.+}", (c) => c.json(listed(modelFor(authenticate(c), c.req.param("name")))));
  app.post("/v1/completions", (c) =>
    answer(c, (model, body, given) => prepareCompletion(model, readRequest(completionRequest, body), given)),
  );
  app.post("/v1/chat/completions", (c) =>
    answer(c, (model, body, given) => prepareChat(model, readRequest(chatRequest, body), given)),
  );
  app.notFound((c) => {
    const problem = new RequestProblem(404, `there is no ${c.req.method} ${c.req.path.slice(0, 100)} here`);
    return c.json(errorAnswer(problem).body, 404);
  });
  app.onError((error, c) => {
    const { status, body, retryAfterSeconds } = errorAnswer(error);
    if (retryAfterSeconds !== undefined) c.header("retry-after", String(retryAfterSeconds));
    return c.json(body, status as 400);
  });

  return {
    fetch: (request, env) => app.fetch(request, env),
    async drain(seconds) {
      const done = admission.close();
      const inTime = new AbortController();
      const late = pause(seconds * 1000, undefined, { signal: inTime.signal }).catch(() => {});
      await Promise.race([done, late]);
      inTime.abort();
      const problem = new RequestProblem(503, "the server is shutting down", { code: "shutting_down" });
      for (const end of underWay) end.abort(problem);
      await done;
    },
  };
}

const knownRoutes = ["/v1/models", "/v1/completions", "/v1/chat/completions"];

const tooLate = (seconds: number) =>
  new RequestProblem(504, `the answer was not done after ${seconds} s`, { code: "timeout" });
