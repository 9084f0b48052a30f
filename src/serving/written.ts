// Pieces that both routes write into their answers.

import { randomUUID } from "node:crypto";
import type { AnswerPiece, AnswerToken } from "./answer.ts";

/** What every answer and chunk begins with. */
export const header = (prefix: string, object: string, model: string) => ({
  id: `${prefix}-${randomUUID().replaceAll("-", "")}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model,
});

export const textOf = (pieces: readonly AnswerPiece[]) => pieces.map((piece) => piece.text).join("");
export const tokensOf = (pieces: readonly AnswerPiece[]) => pieces.flatMap((piece) => piece.tokens);
export const finishOf = (pieces: readonly AnswerPiece[]) => pieces.at(-1)?.finish ?? null;

/** vLLM's `prompt_logprobs`: null for the first token, then for each place the likeliest tokens and the one that stands there, by id. */
export const promptLogprobs = (tokens: readonly AnswerToken[]) =>
  tokens.map(({ own, top }) => {
    if (!own || !top) return null;
    const entries = [own, ...top].map(({ id, logprob, rank, token }) => [
      String(id),
      { logprob, rank, decoded_token: token },
    ]);
    return Object.fromEntries(entries);
  });
