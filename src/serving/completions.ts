// `/v1/completions`: a text or token ids are continued. Knows the route's form; knows neither HTTP nor how tokens are made.

import { type AnswerToken, describePrompt } from "./answer.ts";
import type { AnswerForm, Exchange } from "./exchange.ts";
import { RequestProblem } from "./request-problem.ts";
import { logprobPlan, planRows, type ServingLimits } from "./row-plans.ts";
import type { ServedModel } from "./served-model.ts";
import type { CompletionRequest } from "./wire.ts";
import { finishOf, header, promptLogprobs, textOf, tokensOf } from "./written.ts";

/** OpenAI's default. */
const defaultMaxTokens = 16;

/** @throws RequestProblem for what cannot be answered */
export function prepareCompletion(model: ServedModel, request: CompletionRequest, limits: ServingLimits): Exchange {
  const { echo = false, stream = false, n = 1, return_tokens_as_token_ids: asIds = false } = request;
  const logprobs =
    request.logprobs === undefined ? undefined : logprobPlan("logprobs", request.logprobs, model, limits, asIds);
  const ofPrompt =
    request.prompt_logprobs === undefined
      ? undefined
      : logprobPlan("prompt_logprobs", request.prompt_logprobs, model, limits, asIds);
  if (stream && (ofPrompt || (echo && logprobs))) {
    throw new RequestProblem(400, "log-probabilities of the prompt are given in whole answers only, not in a stream", {
      param: "stream",
      code: "invalid_value",
    });
  }
  const prompts = promptsOf(model, request);
  const rows = planRows(
    model,
    request,
    prompts.map(({ ids }) => ids),
    {
      maxTokens: request.max_tokens ?? defaultMaxTokens,
      maxTokensParam: "max_tokens",
      promptParam: "prompt",
      logprobs,
    },
    limits,
  );
  const start = header("cmpl", "text_completion", model.name);
  const echoed = (row: number) => (echo ? (prompts[Math.floor(row / n)]?.text ?? "") : "");
  /** By row: how far its text is; the prompt counts when it is echoed. */
  const offsets = rows.map((_, row) => echoed(row).length);
  const begun = new Set<number>();

  const form: AnswerForm = {
    async whole(answers, usage, signal) {
      const seen = await Promise.all(
        prompts.map(async ({ ids }) => ({
          asked: ofPrompt && (await describePrompt(model, ids, ofPrompt, signal)),
          echoed: echo && logprobs ? await describePrompt(model, ids, logprobs, signal) : [],
        })),
      );
      const choices = answers.map((pieces, row) => {
        const { asked, echoed: before } = seen[Math.floor(row / n)] as (typeof seen)[number];
        const prompt = echoed(row);
        const tokens = tokensOf(pieces).map((token) => ({ ...token, start: token.start + prompt.length }));
        return {
          index: row,
          text: prompt + textOf(pieces),
          logprobs: logprobs ? listed([...before, ...tokens]) : null,
          finish_reason: finishOf(pieces),
          ...(asked ? { prompt_logprobs: promptLogprobs(asked) } : {}),
        };
      });
      return { ...start, choices, usage };
    },
    opening: () => [],
    chunk(row, piece) {
      const prompt = begun.has(row) ? "" : echoed(row);
      begun.add(row);
      const tokens = piece.tokens.map((token) => ({ ...token, start: token.start + (offsets[row] as number) }));
      const choice = {
        index: row,
        text: prompt + piece.text,
        logprobs: logprobs ? listed(tokens) : null,
        finish_reason: piece.finish ?? null,
      };
      return { ...start, choices: [choice] };
    },
    usage: (usage) => ({ ...start, choices: [], usage }),
  };
  return {
    model,
    rows,
    promptTokens: prompts.reduce((sum, { ids }) => sum + ids.length, 0),
    stream,
    includeUsage: request.stream_options?.include_usage === true,
    form,
    prompts: prompts.map(({ text }) => text),
  };
}

interface Prompt {
  readonly ids: Int32Array;
  readonly text: string;
}

/** An empty text is the begin token alone. */
function promptsOf(
  { tokenizer }: ServedModel,
  { prompt, add_special_tokens: special = true }: CompletionRequest,
): Prompt[] {
  const ofText = (text: string): Prompt => {
    const ids = Int32Array.from(tokenizer.encode(text, { addSpecialTokens: special }));
    // A tokenizer that ends every text would end this one before it was continued.
    const end = tokenizer.addsEos && special ? ids.length - 1 : ids.length;
    const kept = ids.subarray(0, end);
    return { ids: kept.length === 0 && tokenizer.bosId !== undefined ? Int32Array.of(tokenizer.bosId) : kept, text };
  };
  const ofIds = (list: readonly number[]): Prompt => ({
    ids: Int32Array.from(list),
    text: tokenizer.decode(list, { skipSpecialTokens: true }),
  });
  if (typeof prompt === "string") return [ofText(prompt)];
  if (isIds(prompt)) return [ofIds(prompt)];
  return prompt.map((one) => (typeof one === "string" ? ofText(one) : ofIds(one)));
}

const isIds = (prompt: readonly unknown[]): prompt is readonly number[] => typeof prompt[0] === "number";

/** The route's old form: parallel lists. */
function listed(tokens: readonly AnswerToken[]) {
  return {
    tokens: tokens.map(({ token }) => token ?? ""),
    token_logprobs: tokens.map(({ own }) => own?.logprob ?? null),
    top_logprobs: tokens.map(({ own, top }) => {
      if (!own || !top) return null;
      const byText: Record<string, number> = {};
      // Of two tokens with one text the likelier stays.
      for (const { token, logprob } of [...top, own]) byText[token] ??= logprob;
      return byText;
    }),
    text_offset: tokens.map(({ start }) => start),
  };
}
