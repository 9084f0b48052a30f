// From a request's options to rows that a model can continue: what both routes have in common. Everything that can be refused is refused here.
// Knows nothing of what the route is called.

import { randomInt } from "node:crypto";
import type { LogprobPlan, RowPlan } from "./answer.ts";
import { RequestProblem } from "./request-problem.ts";
import type { ServedModel } from "./served-model.ts";
import type { ChatRequest, CompletionRequest } from "./wire.ts";

export interface ServingLimits {
  /** Most rows of all requests together, running and waiting. */
  readonly rows: number;
  /** Most new tokens of one row. */
  readonly maxTokens: number;
  /** Whether log-probabilities of the whole vocabulary are given out; else 20 at most. */
  readonly fullLogprobs: boolean;
}

/** What OpenAI allows. */
const mostLogprobs = 20;

/** How many log-probabilities to give: `asked` or, for −1, all. @throws RequestProblem when that is more than allowed */
export function logprobPlan(
  param: string,
  asked: number,
  model: ServedModel,
  { fullLogprobs }: ServingLimits,
  asIds = false,
): LogprobPlan {
  const top = asked === -1 ? model.vocabularySize : Math.min(asked, model.vocabularySize);
  if (top > mostLogprobs && !fullLogprobs) {
    const got = asked === -1 ? "−1 (all)" : asked;
    throw new RequestProblem(400, `"${param}" is ${got}; this server gives at most ${mostLogprobs}`, {
      param,
      code: "invalid_value",
    });
  }
  return { top, asIds };
}

export interface RowSettings {
  /** New tokens; undefined is as many as there is room for. */
  readonly maxTokens: number | undefined;
  readonly maxTokensParam: string;
  readonly promptParam: string;
  readonly logprobs: LogprobPlan | undefined;
}

/** `n` rows for each prompt, in order. @throws RequestProblem 400 for a prompt that does not fit, a foreign token, or more rows than the server has. */
export function planRows(
  model: ServedModel,
  request: ChatRequest | CompletionRequest,
  prompts: readonly Int32Array[],
  { maxTokens, maxTokensParam, promptParam, logprobs }: RowSettings,
  limits: ServingLimits,
): RowPlan[] {
  const { n = 1, temperature = 1, seed = randomInt(2 ** 47), ignore_eos, stop_token_ids = [] } = request;
  const count = n * prompts.length;
  if (count > limits.rows) {
    throw new RequestProblem(400, `${count} answers in one request; this server computes at most ${limits.rows}`, {
      param: "n",
      code: "invalid_value",
    });
  }
  const stopIds = new Set([...(ignore_eos ? [] : model.tokenizer.endIds), ...stop_token_ids]);
  const top_k = request.top_k ?? 0;
  const choice = {
    temperature,
    topP: request.top_p,
    topK: top_k > 0 ? top_k : undefined,
    bias: biasOf(model, request.logit_bias),
  };
  const stops = (typeof request.stop === "string" ? [request.stop] : (request.stop ?? [])).filter(
    (text) => text !== "",
  );
  return prompts.flatMap((prompt, index) => {
    checkIds(model, prompt, promptParam);
    const room = model.contextLength - prompt.length;
    if (room < (maxTokens ?? 1)) throw tooLong(model, prompt.length, maxTokens ?? 1, promptParam);
    const tokens = Math.min(maxTokens ?? room, room);
    if (maxTokens !== undefined && tokens > limits.maxTokens) {
      throw new RequestProblem(
        400,
        `"${maxTokensParam}" is ${maxTokens}; this server gives at most ${limits.maxTokens}`,
        {
          param: maxTokensParam,
          code: "invalid_value",
        },
      );
    }
    return Array.from(
      { length: n },
      (_, answer): RowPlan => ({
        request: {
          prompt,
          maxTokens: Math.min(tokens, limits.maxTokens),
          choice,
          seed: `${seed} ${index} ${answer}`,
          stopIds,
        },
        stops,
        logprobs,
      }),
    );
  });
}

function checkIds(model: ServedModel, prompt: Int32Array, param: string): void {
  const size = Math.min(model.tokenizer.vocabularySize, model.vocabularySize);
  const foreign = prompt.find((id) => id < 0 || id >= size);
  if (foreign !== undefined) {
    throw new RequestProblem(400, `token ${foreign} in "${param}": ${model.name} knows tokens 0 to ${size - 1}`, {
      param,
      code: "invalid_value",
    });
  }
  if (prompt.length === 0) {
    throw new RequestProblem(400, `"${param}" has no tokens, and ${model.name} has no begin token to start from`, {
      param,
      code: "invalid_value",
    });
  }
}

function tooLong(model: ServedModel, prompt: number, asked: number, param: string): RequestProblem {
  const each = Object.entries(model.contextLimits ?? {});
  const limits = each.length > 1 ? ` (${each.map(([name, limit]) => `${name} ${limit}`).join(", ")})` : "";
  const message = `This model's maximum context length is ${model.contextLength} tokens${limits}; the prompt has ${prompt} and the answer may have ${asked}`;
  return new RequestProblem(400, message, { param, code: "context_length_exceeded" });
}

function biasOf(model: ServedModel, bias: Readonly<Record<string, number>> | undefined) {
  const entries = Object.entries(bias ?? {}).map(([id, amount]) => [Number(id), amount] as const);
  const foreign = entries.find(([id]) => id >= model.vocabularySize);
  if (foreign) {
    throw new RequestProblem(
      400,
      `"logit_bias" names token ${foreign[0]}; the last one is ${model.vocabularySize - 1}`,
      {
        param: "logit_bias",
        code: "invalid_value",
      },
    );
  }
  return entries.length > 0 ? new Map(entries) : undefined;
}
