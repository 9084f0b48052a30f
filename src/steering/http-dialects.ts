// The servers that Lethe can ask for M's log-probabilities, by name: Lethe's own and vLLM, llama.cpp's, and what OpenAI's completions route alone offers.
// Knows requests and answers; knows neither retries nor what is done with rows.

import { z } from "zod";
import { createRegistry } from "../core/registry.ts";
import {
  type ChunkAsk,
  callOf,
  type HttpDialect,
  rowByRow,
  type TokenNames,
  type Told,
  type ToldPlace,
} from "./http-dialect.ts";

/** −9999 is how vLLM writes −∞, null how JSON does. */
const logProbability = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NEGATIVE_INFINITY);

const completionsAnswer = z.object({
  model: z.string().optional(),
  system_fingerprint: z.string().nullish(),
  usage: z.object({ prompt_tokens: z.number() }).nullish(),
  choices: z
    .array(
      z.object({
        logprobs: z
          .object({
            tokens: z.array(z.string()),
            top_logprobs: z.array(z.record(z.string(), logProbability).nullable()),
          })
          .nullish(),
        prompt_logprobs: z.array(z.record(z.string(), z.object({ logprob: logProbability })).nullable()).nullish(),
      }),
    )
    .length(1),
});
type CompletionsAnswer = z.output<typeof completionsAnswer>;

const toldBy = ({ model, system_fingerprint, usage }: CompletionsAnswer, places: readonly ToldPlace[]): Told => ({
  model,
  fingerprint: system_fingerprint ?? undefined,
  promptTokens: usage?.prompt_tokens,
  places,
});

function completionPlaces({ choices }: CompletionsAnswer, { idOf }: TokenNames): ToldPlace[] {
  const { tokens = [], top_logprobs: tops = [] } = choices[0]?.logprobs ?? {};
  return tokens.map((token, i) => {
    const top = tops[i] ?? {};
    return { chosen: idOf(token), ids: Object.keys(top).map(idOf), logProbabilities: Object.values(top) };
  });
}

/** What every request to a completions route says; samplers that a server may have switched on of itself are switched off. */
const completionBody = ({ ids, tokens, temperature, seed }: ChunkAsk) => ({
  prompt: Array.from(ids),
  max_tokens: tokens,
  temperature,
  top_p: 1,
  seed,
});
const vllmBody = (ask: ChunkAsk) => ({
  ...completionBody(ask),
  top_k: -1,
  min_p: 0,
  repetition_penalty: 1,
  // The end of a text is a token like others here: whether M ends it is seen by its probability.
  ignore_eos: true,
  return_tokens_as_token_ids: true,
});

/** Lethe's server and vLLM's: token ids in and out, and the whole vocabulary where the server allows it. */
const vllm: HttpDialect = {
  chunk: (ask, top, _vocabularySize, names) =>
    callOf(
      { path: "completions", sent: ask.ids.length, body: { ...vllmBody(ask), logprobs: top === "all" ? -1 : top } },
      completionsAnswer,
      (answer) => toldBy(answer, completionPlaces(answer, names)),
    ),
  rows: ({ ids, positions }, top, _vocabularySize, names) => {
    const count = top === "all" ? -1 : top;
    const ask = { ids, tokens: 1, temperature: 0, seed: 0 };
    const body = { ...vllmBody(ask), logprobs: count, prompt_logprobs: count };
    const read = (answer: CompletionsAnswer): Told => {
      const prompt = answer.choices[0]?.prompt_logprobs ?? [];
      const [next] = completionPlaces(answer, names);
      const places = Array.from(positions, (position): ToldPlace | undefined => {
        if (position === ids.length - 1) return next;
        const told = prompt[position + 1];
        if (!told) return undefined;
        const entries = Object.entries(told);
        return {
          chosen: ids[position + 1] as number,
          ids: entries.map(([id]) => Number(id)),
          logProbabilities: entries.map(([, { logprob }]) => logprob),
        };
      });
      return toldBy(
        answer,
        places.filter((place) => place !== undefined),
      );
    };
    return [callOf({ path: "completions", sent: ids.length, body }, completionsAnswer, read)];
  },
};

/** OpenAI's completions route and no more: at most 20 tokens by name, rows one by one. */
const openai: HttpDialect = {
  mostTokens: 20,
  chunk: openaiChunk,
  rows: (text, top, vocabularySize, names) => rowByRow(text, (ask) => openaiChunk(ask, top, vocabularySize, names)),
};

function openaiChunk(ask: ChunkAsk, top: number | "all", _vocabularySize: number, names: TokenNames) {
  return callOf(
    { path: "completions", sent: ask.ids.length, body: { ...completionBody(ask), logprobs: top } },
    completionsAnswer,
    (answer) => toldBy(answer, completionPlaces(answer, names)),
  );
}

const llamaCppToken = z.object({ id: z.number(), logprob: logProbability });
const llamaCppAnswer = z.object({
  model: z.string().optional(),
  tokens_evaluated: z.number().optional(),
  truncated: z.boolean().optional(),
  tokens: z.array(z.number()),
  completion_probabilities: z.array(llamaCppToken.extend({ top_logprobs: z.array(llamaCppToken) })).default([]),
});

/** llama.cpp's own route, at the address without /v1. `n_probs` tells as many tokens as asked, the vocabulary included. */
const llamaCpp: HttpDialect = {
  chunk: llamaCppChunk,
  rows: (text, top, vocabularySize) => rowByRow(text, (ask) => llamaCppChunk(ask, top, vocabularySize)),
};

function llamaCppChunk({ ids, tokens, temperature, seed }: ChunkAsk, top: number | "all", vocabularySize: number) {
  const body = {
    prompt: Array.from(ids),
    n_predict: tokens,
    n_probs: top === "all" ? vocabularySize : top,
    temperature,
    seed,
    samplers: ["temperature"],
    repeat_penalty: 1,
    // Before temperature: M's own.
    post_sampling_probs: false,
    return_tokens: true,
    cache_prompt: true,
  };
  return callOf({ path: "completion", sent: ids.length, body }, llamaCppAnswer, (answer): Told => {
    const { tokens: said, completion_probabilities: told } = answer;
    // It tells nothing of a token that ends inside a character: what stands before the first such token can be used.
    const gap = said.findIndex((id, i) => told[i]?.id !== id);
    const places = told.slice(0, gap < 0 ? told.length : gap).map(
      ({ id, top_logprobs }): ToldPlace => ({
        chosen: id,
        ids: top_logprobs.map((token) => token.id),
        logProbabilities: top_logprobs.map((token) => token.logprob),
      }),
    );
    return { model: answer.model, promptTokens: answer.tokens_evaluated, places };
  });
}

export const httpDialects = createRegistry<HttpDialect>("dialect", {
  vllm: { value: vllm },
  openai: { value: openai },
  "llama.cpp": { value: llamaCpp },
});
