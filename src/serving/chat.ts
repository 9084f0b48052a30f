// `/v1/chat/completions`: the assistant's next turn of a conversation, in the model's own chat template. Knows the route's form; knows neither HTTP nor
// how tokens are made.

import { LetheError } from "../core/errors.ts";
import { type AnswerToken, describePrompt, type NamedLogprob } from "./answer.ts";
import type { AnswerForm, Exchange } from "./exchange.ts";
import { RequestProblem } from "./request-problem.ts";
import { logprobPlan, planRows, type ServingLimits } from "./row-plans.ts";
import type { ServedModel } from "./served-model.ts";
import type { ChatRequest } from "./wire.ts";
import { finishOf, header, promptLogprobs, textOf, tokensOf } from "./written.ts";

/** @throws RequestProblem for what cannot be answered */
export function prepareChat(model: ServedModel, request: ChatRequest, limits: ServingLimits): Exchange {
  const { stream = false, return_tokens_as_token_ids: asIds = false } = request;
  const wanted = request.logprobs === true;
  if (!wanted && request.top_logprobs !== undefined) {
    throw new RequestProblem(400, '"top_logprobs" needs "logprobs": true', { param: "top_logprobs" });
  }
  const logprobs = wanted ? logprobPlan("top_logprobs", request.top_logprobs ?? 0, model, limits, asIds) : undefined;
  const ofPrompt =
    request.prompt_logprobs === undefined
      ? undefined
      : logprobPlan("prompt_logprobs", request.prompt_logprobs, model, limits, asIds);
  if (stream && ofPrompt) {
    throw new RequestProblem(400, "log-probabilities of the prompt are given in whole answers only, not in a stream", {
      param: "stream",
      code: "invalid_value",
    });
  }
  const text = render(model, request);
  const prompt = Int32Array.from(model.tokenizer.encode(text, { addSpecialTokens: false }));
  const maxTokensParam = request.max_completion_tokens === undefined ? "max_tokens" : "max_completion_tokens";
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  const rows = planRows(
    model,
    request,
    [prompt],
    { maxTokens, maxTokensParam, promptParam: "messages", logprobs },
    limits,
  );
  const start = header("chatcmpl", stream ? "chat.completion.chunk" : "chat.completion", model.name);
  const said = (tokens: readonly AnswerToken[]) => (logprobs ? { content: tokens.map(content), refusal: null } : null);

  const form: AnswerForm = {
    async whole(answers, usage, signal) {
      const asked = ofPrompt && (await describePrompt(model, prompt, ofPrompt, signal));
      const choices = answers.map((pieces, index) => ({
        index,
        message: { role: "assistant", content: textOf(pieces), refusal: null },
        logprobs: said(tokensOf(pieces)),
        finish_reason: finishOf(pieces),
      }));
      return { ...start, choices, usage, ...(asked ? { prompt_logprobs: promptLogprobs(asked) } : {}) };
    },
    opening: () =>
      rows.map((_, index) => ({
        ...start,
        choices: [{ index, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }],
      })),
    chunk: (index, { text: more, tokens, finish }) => ({
      ...start,
      choices: [
        {
          index,
          delta: more === "" ? {} : { content: more },
          logprobs: tokens.length > 0 ? said(tokens) : null,
          finish_reason: finish ?? null,
        },
      ],
    }),
    usage: (usage) => ({ ...start, choices: [], usage }),
  };
  const includeUsage = request.stream_options?.include_usage === true;
  return { model, rows, promptTokens: prompt.length, stream, includeUsage, form, prompts: [text] };
}

function render({ chatTemplate, name }: ServedModel, { messages }: ChatRequest): string {
  if (!chatTemplate) {
    const message = `${name} has no chat template: ask /v1/completions, or serve it with --separator for questions and answers`;
    throw new RequestProblem(400, message, { param: "messages", code: "no_chat_template" });
  }
  const plain = messages.map(({ role, content }) => ({
    role: role === "developer" ? "system" : role,
    content: typeof content === "string" ? content : content.map((part) => part.text).join(""),
  }));
  try {
    return chatTemplate.apply(plain, { addGenerationPrompt: true });
  } catch (error) {
    if (!LetheError.isInstance(error)) throw error;
    throw new RequestProblem(400, error.message, { param: "messages", code: "invalid_value", cause: error });
  }
}

const content = ({ own, top, id }: AnswerToken) => ({
  ...written(own ?? { token: `token_id:${id}`, logprob: 0 }),
  top_logprobs: (top ?? []).map(written),
});

const written = ({ token, logprob }: Pick<NamedLogprob, "token" | "logprob">) => ({
  token,
  logprob,
  // A part of a character has no text, and then its bytes are not known either.
  bytes: token.includes("\uFFFD") ? null : [...new TextEncoder().encode(token)],
});
