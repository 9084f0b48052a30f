// What a model is to the server: a name, a context, a tokenizer, and rows that can be continued and looked at. A local model is one, and a model
// steered by an offset is another; the server does not know which. Knows neither HTTP nor text that stops.

import type { ChatTemplate, Tokenizer } from "../text/index.ts";

/** How the next token is chosen from a row; what is left out is off. */
export interface TokenChoice {
  /** 0: the most likely token each time. Else the logits are divided by it and a token is drawn. */
  readonly temperature: number;
  /** 0 < topP ≤ 1 */
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  /** Added to the logits of single tokens. */
  readonly bias?: ReadonlyMap<number, number> | undefined;
}

/** One row to be continued. */
export interface TokenRequest {
  /** Not empty, at most `contextLength` tokens, all below the tokenizer's vocabulary: the server has checked. */
  readonly prompt: Int32Array;
  /** At least 1. Prompt and new tokens together fit `contextLength`. */
  readonly maxTokens: number;
  readonly choice: TokenChoice;
  /** The same seed and prompt give the same tokens, whatever else is being computed. */
  readonly seed: number | string;
  /** Tokens that end the text; they are not given out. */
  readonly stopIds: ReadonlySet<number>;
  /** Whether events carry `row`. */
  readonly rows: boolean;
}

export interface TokenEvent {
  readonly id: number;
  /**
   * Log-probabilities of every token at this place, [vocabularySize], float32: those of the model as it is, before temperature and top-p.
   * −Infinity is allowed. The receiver's to keep. Present exactly when the request asked for rows.
   */
  readonly row?: Float32Array;
}

export type Finish = "stop" | "length";

export interface ServedModel extends Disposable {
  /** As clients ask for it. */
  readonly name: string;
  /** Tokens of prompt and answer together. When it is the least of several limits, `contextLimits` names them all. */
  readonly contextLength: number;
  /** Where there are several models behind one: the context of each, for messages, such as { upstream: 2048, offset: 512 }. */
  readonly contextLimits?: Readonly<Record<string, number>>;
  /** Width of a row: at least the tokenizer's vocabulary. */
  readonly vocabularySize: number;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  /**
   * Continues one row; many are asked for at once, and the model puts them together as it likes. Returns why it ended. Leaving the loop or an
   * abort frees the row.
   * @throws LetheError when it cannot go on, RuntimeFailure for an upstream that fails; the signal's reason when aborted. What was given out stays true.
   */
  generate(request: TokenRequest, signal: AbortSignal): AsyncGenerator<TokenEvent, Finish, void>;
  /** Row i is the distribution after ids[0..i]: as many rows as ids, in order. @throws as `generate` */
  promptRows(ids: Int32Array, signal: AbortSignal): AsyncGenerator<Float32Array, void, void>;
  /** Numbers that only grow, for /metrics, by name in snake case, such as upstream_requests. */
  counters?(): Readonly<Record<string, number>>;
  /** Frees everything; rows under way end with an error. */
  dispose(): void;
}
