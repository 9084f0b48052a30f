// Who may ask for what: API keys with the models they open, requests and tokens per minute. Keys are known by their SHA-256 only.
// Knows neither HTTP's headers nor what is done with a request.

import { createHash } from "node:crypto";
import { z } from "zod";
import type { Config } from "../core/config.ts";
import { ConfigError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import { RequestProblem } from "./request-problem.ts";

const key = z.strictObject({
  name: z.string().min(1).describe("Stands in logs; never the key itself."),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits")
    .describe('SHA-256 of the key: printf %s "$KEY" | sha256sum'),
  models: z
    .union([z.literal("all"), z.array(z.string()).min(1)])
    .describe("The models that it opens. There is no default: a leaked key opens what stands here."),
  requestsPerMinute: z.int().min(1).optional().describe("Default: no limit."),
  tokensPerMinute: z.int().min(1).optional().describe("Tokens of prompts and answers. Default: no limit."),
  metrics: z.boolean().default(false).describe("Whether it may read /metrics."),
});

export const keysFile = z.strictObject({ keys: z.array(key).min(1) });

export type KeyEntry = z.output<typeof key>;

/** A key that was recognised. */
export interface KeyHolder {
  readonly name: string;
  readonly metrics: boolean;
  opens(model: string): boolean;
  /** Counts a request. @throws RequestProblem 429 when the minute's are used up */
  countRequest(): void;
  /**
   * Sets tokens aside: as many as the request can need. What was not used is given back. @throws RequestProblem 429 when the minute's are used up,
   * 400 when no minute has as many.
   */
  reserveTokens(count: number): { giveBack(unused: number): void };
}

/** The holder of a key. @throws RequestProblem 401 for none or an unknown one */
export type KeyRing = (secret: string | undefined) => KeyHolder;

/** Without a keys file everybody may ask everything. */
export const openRing: KeyRing = () => ({
  name: "anyone",
  metrics: true,
  opens: () => true,
  countRequest() {},
  reserveTokens: () => ({ giveBack() {} }),
});

/** `now` in milliseconds. @throws ConfigError for a model that is not served, a name or key twice */
export function createKeyRing(
  { value, place }: Config<z.output<typeof keysFile>>,
  models: readonly string[],
  now: () => number = Date.now,
): KeyRing {
  const holders = new Map<string, KeyHolder>();
  const names = new Set<string>();
  value.keys.forEach((entry, index) => {
    const { name, sha256, models: opened } = entry;
    if (names.has(name) || holders.has(sha256)) {
      throw new ConfigError(`${names.has(name) ? `the name "${name}"` : "a key"} stands twice among the keys`, {
        place: place(["keys", index, names.has(name) ? "name" : "sha256"]),
      });
    }
    for (const model of opened === "all" ? [] : opened) {
      if (models.includes(model)) continue;
      throw new ConfigError(`the key "${name}" opens the model "${model}", which is not served`, {
        hint: describeNames(model, models),
        place: place(["keys", index, "models"]),
      });
    }
    names.add(name);
    holders.set(sha256, createHolder(entry, now));
  });
  return (secret) => {
    const holder = secret === undefined ? undefined : holders.get(hashKey(secret));
    if (holder) return holder;
    const message = secret === undefined ? "no API key was sent: Authorization: Bearer …" : "this API key is not known";
    throw new RequestProblem(401, message, { code: "invalid_api_key" });
  };
}

export const hashKey = (secret: string): string => createHash("sha256").update(secret).digest("hex");

function createHolder(
  { name, models, metrics, requestsPerMinute, tokensPerMinute }: KeyEntry,
  now: () => number,
): KeyHolder {
  const requests = createBucket(requestsPerMinute, now);
  const tokens = createBucket(tokensPerMinute, now);
  const usedUp = (what: string, perMinute: number | undefined, seconds: number) =>
    new RequestProblem(429, `the key "${name}" has used its ${perMinute} ${what} per minute`, {
      code: "rate_limit_exceeded",
      retryAfterSeconds: seconds,
    });
  return {
    name,
    metrics,
    opens: (model) => models === "all" || models.includes(model),
    countRequest() {
      const wait = requests.take(1);
      if (wait > 0) throw usedUp("requests", requestsPerMinute, wait);
    },
    reserveTokens(count) {
      if (tokensPerMinute !== undefined && count > tokensPerMinute) {
        const message = `the request may need ${count} tokens; the key "${name}" has ${tokensPerMinute} per minute`;
        throw new RequestProblem(400, message, { param: "max_tokens", code: "invalid_value" });
      }
      const wait = tokens.take(count);
      if (wait > 0) throw usedUp("tokens", tokensPerMinute, wait);
      return { giveBack: (unused) => tokens.giveBack(unused) };
    },
  };
}

/** Holds a minute's worth and fills evenly. `take` returns 0, or the seconds until there will be enough. */
function createBucket(perMinute: number | undefined, now: () => number) {
  let level = perMinute ?? Number.POSITIVE_INFINITY;
  let at = now();
  return {
    take(count: number): number {
      if (perMinute === undefined) return 0;
      const time = now();
      level = Math.min(perMinute, level + ((time - at) / 60_000) * perMinute);
      at = time;
      // What rounding leaves is no reason to wait.
      if (count <= level + 1e-9) {
        level -= count;
        return 0;
      }
      return Math.max(1, Math.ceil(((count - level) / perMinute) * 60));
    },
    giveBack(count: number): void {
      level += count;
    },
  };
}
