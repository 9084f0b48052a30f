// One row of an answer: tokens become text that is certain, with the log-probabilities that were asked for. Knows nothing of HTTP or of how it is written down.

import { createAnswerText } from "./answer-text.ts";
import { likeliestOf, logprobOf, type TokenLogprob } from "./logprobs.ts";
import type { Finish, ServedModel, TokenRequest } from "./served-model.ts";

/** What is asked of one row. */
export interface RowPlan {
  /** `rows` is decided by `logprobs`. `maxTokens` may be 0 here: then nothing is generated. */
  readonly request: Omit<TokenRequest, "rows">;
  readonly stops: readonly string[];
  readonly logprobs: LogprobPlan | undefined;
}

export interface LogprobPlan {
  /** So many most likely tokens at each place. */
  readonly top: number;
  /** Tokens are named "token_id:17" instead of by their text. */
  readonly asIds: boolean;
}

/** A log-probability with its token's text. */
export interface NamedLogprob extends TokenLogprob {
  readonly token: string;
}

export interface AnswerToken {
  readonly id: number;
  /** Characters of the answer before it. */
  readonly start: number;
  /** Its text or "token_id:17", like the other two present when log-probabilities were asked for; `own` and `top` are not there for a prompt's first token. */
  readonly token?: string;
  readonly own?: NamedLogprob;
  readonly top?: readonly NamedLogprob[];
}

/** A stretch of text, the tokens that begin in it, and at the end why it ended. */
export interface AnswerPiece {
  readonly text: string;
  readonly tokens: readonly AnswerToken[];
  readonly finish?: Finish;
}

/** Pieces in order; the last one has `finish`. `onToken` is called for every token that the model gives. @throws as `ServedModel.generate` */
export async function* answerRow(
  model: ServedModel,
  { request, stops, logprobs }: RowPlan,
  signal: AbortSignal,
  onToken: () => void = () => {},
): AsyncGenerator<AnswerPiece, void, void> {
  if (request.maxTokens === 0) {
    yield { text: "", tokens: [], finish: "length" };
    return;
  }
  const answer = createAnswerText(model.tokenizer, request.prompt, stops);
  const events = model.generate({ ...request, rows: logprobs !== undefined }, signal);
  let shown = 0;
  let held: AnswerToken[] = [];

  /** All that is certain and was not shown; at the end all there is. */
  function next(finish?: Finish): AnswerPiece {
    const end = finish ? answer.text.length : answer.settled;
    const text = answer.text.slice(shown, end);
    // A token of a stop string is none of the answer; one that shows no text goes with the text before it.
    const isShown = (token: AnswerToken) => (answer.stopped ? token.start < end : finish || token.start < end);
    const tokens = held.filter(isShown);
    held = held.filter((token) => !isShown(token));
    shown = Math.max(shown, end);
    return finish ? { text, tokens, finish } : { text, tokens };
  }

  try {
    for (;;) {
      const event = await events.next();
      if (event.done) {
        yield next(event.value);
        return;
      }
      onToken();
      const { id, row } = event.value;
      const described = logprobs && row ? describeToken(row, id, logprobs, answer.textOf) : {};
      held.push({ id, start: answer.push(id), ...described });
      if (answer.stopped) {
        yield next("stop");
        return;
      }
      const piece = next();
      if (piece.text !== "") yield piece;
      else held = [...piece.tokens, ...held];
    }
  } finally {
    await events.return("stop");
  }
}

/** The token's log-probability and the most likely ones at its place. `textOf` gives a token's text there. */
export function describeToken(
  row: Float32Array,
  id: number,
  plan: LogprobPlan,
  textOf: (id: number) => string,
): Required<Pick<AnswerToken, "token" | "own" | "top">> {
  const named = (found: TokenLogprob): NamedLogprob => ({
    ...found,
    // JSON knows no infinity.
    logprob: Math.max(found.logprob, -9999),
    token: nameOf(found.id, plan, textOf),
  });
  const own = named(logprobOf(row, id));
  return { token: own.token, own, top: likeliestOf(row, plan.top).map(named) };
}

const nameOf = (id: number, { asIds }: LogprobPlan, textOf: (id: number) => string) =>
  asIds ? `token_id:${id}` : textOf(id);

/** What a prompt's tokens were worth to the model: nothing for the first one, which nothing precedes. @throws as `ServedModel.promptRows` */
export async function describePrompt(
  model: ServedModel,
  ids: Int32Array,
  plan: LogprobPlan,
  signal: AbortSignal,
): Promise<AnswerToken[]> {
  const text = createAnswerText(model.tokenizer, new Int32Array(0), []);
  const first = ids[0] as number;
  const token = nameOf(first, plan, text.textOf);
  const tokens: AnswerToken[] = [{ id: first, token, start: text.push(first) }];
  for await (const row of model.promptRows(ids, signal)) {
    const id = ids[tokens.length];
    if (id === undefined) break;
    const described = describeToken(row, id, plan, text.textOf);
    tokens.push({ id, start: text.push(id), ...described });
  }
  return tokens;
}
