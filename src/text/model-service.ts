// An OpenAI-compatible service over HTTP: one request and its answer, tried again where that can help. Knows nothing of what is asked.

import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { RuntimeFailure } from "../core/errors.ts";

export interface ModelService {
  /** Address up to and with the version, such as http://localhost:8000/v1. */
  readonly url: string;
  readonly model: string;
  /** Environment variable that holds the key. Its value is sent to the service and stands in no message. */
  readonly keyVariable?: string | undefined;
}

export interface ServiceOptions {
  /** Tries after one that failed with 408, 409, 425, 429, 5xx, or no answer. Default 0. */
  readonly retries?: number;
  /** For each try. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal | undefined;
  /** What the service is to the user, for messages: "the judge". */
  readonly role?: string;
  /** Where it is configured, for messages. */
  readonly configured?: string;
  /** Awaited before every try, the first included: keeps to a pace. */
  readonly before?: (() => Promise<void>) | undefined;
  /** Waits between tries; a test's own does not. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

const completion = z.object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })).nonempty() });

/** The service's answer to a conversation. @throws RuntimeFailure as `postToService` */
export async function chat(
  service: ModelService,
  request: { readonly messages: readonly Message[]; readonly temperature: number; readonly max_tokens?: number },
  options: ServiceOptions = {},
): Promise<string> {
  const { choices } = await postToService(
    service,
    { path: "chat/completions", body: request, schema: completion },
    options,
  );
  return choices[0]?.message.content ?? "";
}

/** Sends `body` with the model's name to `url/path`, or asks for `url/path` without one, and reads the answer. @throws RuntimeFailure for a service that cannot be reached or answers otherwise. */
export async function postToService<T>(
  service: ModelService,
  { path, body, schema }: { readonly path: string; readonly body?: object; readonly schema: z.ZodType<T> },
  { retries = 0, wait = waitFor, ...options }: ServiceOptions = {},
): Promise<T> {
  const key = keyOf(service, options);
  for (let tries = 0; ; tries++) {
    await options.before?.();
    options.signal?.throwIfAborted();
    const answer = await send(service, path, body, key, options);
    if ("text" in answer) return read(service, answer.text, schema, key, options);
    if (!answer.again || tries >= retries) {
      const after = tries > 0 ? ` (after ${tries + 1} tries)` : "";
      throw failure(service, options, `${answer.problem}${after}`, answer.cause);
    }
    await wait(answer.afterSeconds === undefined ? 500 * 2 ** tries : 1000 * answer.afterSeconds, options.signal);
  }
}

type Answer =
  | { readonly text: string }
  | { readonly problem: string; readonly again: boolean; readonly afterSeconds?: number; readonly cause?: unknown };

async function send(
  { url, model }: ModelService,
  path: string,
  body: object | undefined,
  key: string | undefined,
  { signal, timeoutSeconds }: ServiceOptions,
): Promise<Answer> {
  const limit = timeoutSeconds === undefined ? [] : [AbortSignal.timeout(timeoutSeconds * 1000)];
  try {
    const response = await fetch(`${url.replace(/\/+$/, "")}/${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        ...(body ? { "content-type": "application/json" } : {}),
        ...(key ? { authorization: `Bearer ${key}` } : {}),
      },
      ...(body ? { body: JSON.stringify({ model, ...body }) } : {}),
      signal: AbortSignal.any([...(signal ? [signal] : []), ...limit]),
    });
    const text = await response.text();
    if (response.ok) return { text };
    const afterSeconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    return {
      problem: `answered ${response.status}: ${without(key, text).slice(0, 200)}`,
      again: response.status >= 500 || [408, 409, 425, 429].includes(response.status),
      ...(afterSeconds >= 0 ? { afterSeconds: Math.min(afterSeconds, 60) } : {}),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    const late = cause instanceof Error && cause.name === "TimeoutError";
    return { problem: late ? `gave no answer in ${timeoutSeconds} s` : "cannot be reached", again: true, cause };
  }
}

function read<T>(
  service: ModelService,
  text: string,
  schema: z.ZodType<T>,
  key: string | undefined,
  options: ServiceOptions,
): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw failure(service, options, `answered with what is not JSON: ${without(key, text).slice(0, 80)}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw failure(service, options, "answered in another form than OpenAI's", parsed.error);
  return parsed.data;
}

function keyOf(service: ModelService, options: ServiceOptions): string | undefined {
  const { keyVariable } = service;
  const key = keyVariable === undefined ? undefined : process.env[keyVariable];
  if (keyVariable !== undefined && !key) {
    throw failure(service, options, `needs a key, and the environment variable ${keyVariable} is not set`);
  }
  // Fetch would refuse it with a message that repeats it.
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw failure(
      service,
      options,
      `needs a key, and ${keyVariable} holds spaces, line ends or other characters that no key has`,
    );
  }
  return key;
}

/** Services repeat a wrong key in their answer. */
const without = (key: string | undefined, text: string) => (key ? text.replaceAll(key, "…") : text);

const waitFor = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  await pause(milliseconds, undefined, signal ? { signal } : {});
};

const failure = ({ url, model }: ModelService, options: ServiceOptions, problem: string, cause?: unknown) =>
  new RuntimeFailure(`${options.role ?? "the model"} "${model}" at ${url} ${problem}`, {
    hint: `Check ${options.configured ?? "its settings"}: address, model and key.`,
    ...(cause === undefined ? {} : { cause }),
  });
