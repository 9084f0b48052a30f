// A request that was understood, and its way to an answer: all rows at once, whole or as a stream. Knows neither HTTP nor how an answer is written: that
// is its form's.

import { type AnswerPiece, answerRow, type RowPlan } from "./answer.ts";
import { merge } from "./merge.ts";
import type { ServedModel } from "./served-model.ts";

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** How an answer is written down. */
export interface AnswerForm {
  /** A whole answer. `answers` by row: the pieces in order. */
  whole(answers: readonly (readonly AnswerPiece[])[], usage: Usage, signal: AbortSignal): Promise<object>;
  /** What a stream begins with, before any row has said anything. */
  opening(): readonly object[];
  chunk(row: number, piece: AnswerPiece): object;
  /** The last chunk of a stream whose client asked for it. */
  usage(usage: Usage): object;
}

export interface Exchange {
  readonly model: ServedModel;
  readonly rows: readonly RowPlan[];
  /** Each prompt counted once, however many answers it gets. */
  readonly promptTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly form: AnswerForm;
  /** For a log that was asked to hold prompts. */
  readonly prompts: readonly string[];
}

export interface ExchangeOptions {
  readonly signal: AbortSignal;
  /** Called for each token that a row gets. */
  readonly onToken: (row: number) => void;
}

/** @throws as `ServedModel.generate`; then the other rows end, too. */
export async function answerWhole(exchange: Exchange, options: ExchangeOptions): Promise<object> {
  const answers = exchange.rows.map((): AnswerPiece[] => []);
  const usage = countUsage(exchange);
  const pieces = answerRows(exchange, { ...options, onToken: usage.count(options.onToken) });
  for await (const [row, piece] of pieces) answers[row]?.push(piece);
  return exchange.form.whole(answers, usage.now(), options.signal);
}

/** Chunks in the order in which they become certain. @throws as `answerWhole` */
export async function* answerStream(exchange: Exchange, options: ExchangeOptions): AsyncGenerator<object, void, void> {
  const usage = countUsage(exchange);
  const pieces = answerRows(exchange, { ...options, onToken: usage.count(options.onToken) });
  // The first piece comes before the opening: a request that fails at once fails with a status.
  let begun = false;
  for await (const [row, piece] of pieces) {
    if (!begun) yield* exchange.form.opening();
    begun = true;
    yield exchange.form.chunk(row, piece);
  }
  if (exchange.includeUsage) yield exchange.form.usage(usage.now());
}

async function* answerRows(
  { model, rows }: Exchange,
  { signal, onToken }: ExchangeOptions,
): AsyncGenerator<readonly [number, AnswerPiece], void, void> {
  // When one row fails or the client leaves, those that wait for a token must not wait on.
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    yield* merge(rows.map((plan, row) => answerRow(model, plan, either, () => onToken(row))));
  } finally {
    ended.abort();
  }
}

function countUsage({ promptTokens }: Exchange) {
  let tokens = 0;
  return {
    count: (onToken: (row: number) => void) => (row: number) => {
      tokens++;
      onToken(row);
    },
    now: (): Usage => ({
      prompt_tokens: promptTokens,
      completion_tokens: tokens,
      total_tokens: promptTokens + tokens,
    }),
  };
}
