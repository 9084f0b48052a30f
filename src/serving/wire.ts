// The requests that clients send, as OpenAI's API and vLLM's extensions of it define them. Knows nothing of models.

import { z } from "zod";
import { describeNames } from "../core/nearest.ts";
import { RequestProblem } from "./request-problem.ts";

/** Clients send null for "not given". */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const tokenId = z.number().int().min(0);

/** What both routes take. */
const shared = {
  model: z.string().min(1),
  temperature: maybe(z.number().min(0).max(100)),
  top_p: maybe(z.number().gt(0).max(1)),
  /** vLLM: 0 or −1 is all. */
  top_k: maybe(z.number().int().min(-1)),
  n: maybe(z.number().int().min(1).max(128)),
  max_tokens: maybe(z.number().int().min(0)),
  stop: maybe(z.union([z.string(), z.array(z.string()).max(16)])),
  /** vLLM: further tokens that end an answer, and whether the tokenizer's own end tokens do. */
  stop_token_ids: maybe(z.array(tokenId).max(64)),
  ignore_eos: maybe(z.boolean()),
  seed: maybe(z.number().int()),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.object({ include_usage: maybe(z.boolean()) })),
  logit_bias: maybe(z.record(z.string().regex(/^\d+$/, "must be token ids"), z.number().min(-100).max(100))),
  /** vLLM: log-probabilities of the prompt's tokens and of so many most likely ones there; −1: of all. */
  prompt_logprobs: maybe(z.number().int().min(-1)),
  /** vLLM: names tokens "token_id:17" in log-probabilities, since two tokens may have one text. */
  return_tokens_as_token_ids: maybe(z.boolean()),
  frequency_penalty: maybe(z.literal(0, "is not supported here; only 0 is")),
  /** What clients of vLLM send to switch off what a model's own settings may switch on. */
  min_p: maybe(z.literal(0, "is not supported here; only 0 is")),
  repetition_penalty: maybe(z.literal(1, "is not supported here; only 1 is")),
  presence_penalty: maybe(z.literal(0, "is not supported here; only 0 is")),
  // Bookkeeping of OpenAI's own service, which changes no answer.
  user: z.unknown().optional(),
  metadata: z.unknown().optional(),
  store: z.unknown().optional(),
  service_tier: z.unknown().optional(),
  safety_identifier: z.unknown().optional(),
  prompt_cache_key: z.unknown().optional(),
};

export const completionRequest = z.strictObject({
  ...shared,
  prompt: z.union(
    [
      z.string(),
      z.array(z.string()).min(1).max(128),
      z.array(tokenId).min(1),
      z.array(z.array(tokenId).min(1)).min(1).max(128),
    ],
    "must be a text, a list of texts, a list of token ids, or a list of such lists",
  ),
  echo: maybe(z.boolean()),
  /** So many most likely tokens at each place; −1 (vLLM): all. */
  logprobs: maybe(z.number().int().min(-1)),
  best_of: maybe(z.literal(1, "is not supported here; only 1 is")),
  suffix: maybe(z.literal("", "is not supported here")),
  /** vLLM: whether a text prompt begins with the tokenizer's begin token. */
  add_special_tokens: maybe(z.boolean()),
});

const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union(
    [z.string(), z.array(z.object({ type: z.literal("text"), text: z.string() })).min(1)],
    "must be a text, or a list of parts of type text",
  ),
});

export const chatRequest = z.strictObject({
  ...shared,
  messages: z.array(message).min(1),
  max_completion_tokens: maybe(z.number().int().min(0)),
  logprobs: maybe(z.boolean()),
  /** So many most likely tokens at each place; −1: all. */
  top_logprobs: maybe(z.number().int().min(-1)),
});

export type CompletionRequest = z.output<typeof completionRequest>;
export type ChatRequest = z.output<typeof chatRequest>;

/** The request in `body`. @throws RequestProblem 400 naming the first key that is wrong; no message repeats what a prompt said. */
export function readRequest<T>(
  schema: z.ZodType<T> & { readonly shape: Readonly<Record<string, unknown>> },
  body: unknown,
): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  // A misspelt key explains why another one is missing.
  const unknown = parsed.error.issues.find(({ code, path }) => code === "unrecognized_keys" && path.length === 0);
  const issue = (unknown ?? parsed.error.issues[0]) as z.core.$ZodIssue;
  if (issue.code === "unrecognized_keys") {
    const key = (issue.keys[0] as string).slice(0, 80);
    throw new RequestProblem(400, `"${key}" is not supported here. ${describeNames(key, Object.keys(schema.shape))}`, {
      param: key,
      code: "unknown_parameter",
    });
  }
  const param = issue.path.reduce<string>(
    (name, key) => (typeof key === "number" ? `${name}[${key}]` : name === "" ? String(key) : `${name}.${String(key)}`),
    "",
  );
  if (param === "") throw new RequestProblem(400, "the body must be a JSON object", { code: "invalid_body" });
  const missing = issue.code === "invalid_type" && !(param in (body as object)) && issue.path.length === 1;
  throw new RequestProblem(400, missing ? `"${param}" is missing` : `"${param}": ${issue.message}`, {
    param,
    code: missing ? "missing_required_parameter" : "invalid_value",
  });
}
