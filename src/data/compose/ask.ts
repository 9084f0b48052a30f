// Puts many requests to a model: so many at once, so many a minute, each answer kept as soon as it is there. Knows nothing of what is asked.

import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { RuntimeFailure } from "../../core/errors.ts";
import type { Reporter } from "../../core/events.ts";
import { sha256 } from "../../core/files.ts";
import { openJsonLines } from "../../core/json-lines.ts";
import { sideBySide } from "../../core/side-by-side.ts";
import { chat, type Message, type ServiceOptions } from "../../text/model-service.ts";
import type { WriterConfig } from "./config.ts";

export interface Request {
  readonly messages: readonly Message[];
  /** Form of the JSON object in the answer. */
  readonly schema: z.ZodType;
}

/** Answers by a hash of model, messages and temperature. Holds no key and no address. */
export interface AnswerCache {
  get(key: string): string | undefined;
  set(key: string, answer: string): void;
  [Symbol.dispose](): void;
}

export interface AskOptions {
  readonly cache?: AnswerCache;
  readonly report?: Reporter;
  readonly signal?: AbortSignal | undefined;
  readonly wait?: ServiceOptions["wait"];
}

/**
 * Answers in the order of the requests, as objects of each one's form. An answer of another form is asked for again, as often as `retries` says.
 * After a failure what was answered is in the cache, and the same call goes on from there.
 * @throws RuntimeFailure for a service that does not answer or keeps to no form.
 */
export async function askAll(
  config: WriterConfig,
  requests: readonly Request[],
  { cache, report = () => {}, signal, wait = waitFor }: AskOptions,
): Promise<{ readonly answers: readonly unknown[]; readonly cached: number }> {
  let cached = 0;
  let done = 0;
  let start = 0;
  const interval = config.requestsPerMinute === undefined ? 0 : 60_000 / config.requestsPerMinute;
  const paced = async (stop: AbortSignal) => {
    const now = performance.now();
    const at = Math.max(now, start);
    start = at + interval;
    if (at > now) await wait(at - now, stop);
  };
  const service = { url: config.url, model: config.name, keyVariable: config.keyVariable };
  const { retries, timeoutSeconds, temperature } = config;
  const ask = async ({ messages, schema }: Request, stop: AbortSignal): Promise<unknown> => {
    const key = sha256(JSON.stringify([config.name, temperature, config.maxTokens, messages]));
    const known = readForm(cache?.get(key) ?? "", schema);
    if (known !== undefined) {
      cached++;
      return known;
    }
    const options = {
      retries,
      timeoutSeconds,
      signal: stop,
      wait,
      before: () => paced(stop),
      role: "the model",
      configured: "model",
    };
    let text = "";
    for (let tries = 0; tries <= retries; tries++) {
      text = await chat(service, { messages, temperature, max_tokens: config.maxTokens }, options);
      const value = readForm(text, schema);
      if (value === undefined) continue;
      cache?.set(key, text);
      return value;
    }
    throw new RuntimeFailure(
      `the model "${config.name}" at ${config.url} does not answer in the form it is asked for`,
      {
        hint: `Use a model that follows instructions, or a larger model.maxTokens. It said: ${text.slice(0, 200)}`,
      },
    );
  };
  const answers = await sideBySide(requests, { atMost: config.concurrency, signal }, async (request, stop) => {
    const answer = await ask(request, stop);
    done++;
    report({ type: "phase-progress", phase: "ask the model", done, total: requests.length, unit: "answers" });
    return answer;
  });
  return { answers, cached };
}

/** The JSON object in the text, prose and code fences around it aside; undefined when there is none of this form. */
function readForm(text: string, schema: z.ZodType): unknown {
  const [from, to] = [text.indexOf("{"), text.lastIndexOf("}")];
  if (from < 0 || to < from) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(text.slice(from, to + 1)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** A file of JSON lines `{key, answer}`, which grows with each answer. @throws FileError when it cannot be opened. */
export function openAnswerCache(path: string): AnswerCache {
  const answers = new Map<string, string>();
  const file = openJsonLines(path);
  if (existsSync(path)) {
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const entry = readLine(line);
      if (entry) answers.set(entry.key, entry.answer);
    }
  }
  return {
    get: (key) => answers.get(key),
    set(key, answer) {
      answers.set(key, answer);
      file.append({ key, answer });
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** A line that is no answer is asked for again. */
function readLine(line: string): { key: string; answer: string } | undefined {
  try {
    const { key, answer } = JSON.parse(line) as { key?: unknown; answer?: unknown };
    return typeof key === "string" && typeof answer === "string" ? { key, answer } : undefined;
  } catch {
    return undefined;
  }
}

const waitFor = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  await pause(milliseconds, undefined, signal ? { signal } : {});
};
