// What the servers of models have in common when they are asked for log-probabilities, and what a dialect has to say: which request asks for a chunk or
// for rows, and where its answer tells them. Knows no particular server.

import type { z } from "zod";
import type { AskedText } from "./logit-source.ts";

/** What a server told of one place of a text. */
export interface ToldPlace {
  /** The token there: the server's own choice, or the text's. */
  readonly chosen: number;
  readonly ids: readonly number[];
  /** Natural logarithms, as many as ids. */
  readonly logProbabilities: readonly number[];
}

export interface Told {
  /** The model that the answer says it is from. */
  readonly model?: string | undefined;
  /** OpenAI's system_fingerprint: changes with what serves. */
  readonly fingerprint?: string | undefined;
  /** Tokens that the server read as the prompt. */
  readonly promptTokens?: number | undefined;
  readonly places: readonly ToldPlace[];
}

/** One request, and what its answer tells. */
export interface HttpCall {
  readonly path: string;
  readonly body: object;
  /** Tokens of the text that is sent. */
  readonly sent: number;
  readonly read: (answer: unknown) => Told;
}

export interface ChunkAsk {
  readonly ids: Int32Array;
  readonly tokens: number;
  /** 0: greedy. Nothing else may shape what is drawn. */
  readonly temperature: number;
  readonly seed: number;
}

/** Between a server's names of tokens and ids. */
export interface TokenNames {
  /** The id of a token's name. @throws RuntimeFailure for a name that no token or several have */
  idOf(name: string): number;
}

export interface HttpDialect {
  /** Most tokens of a place that such a server tells; undefined: as many as there are. */
  readonly mostTokens?: number;
  /** `top`: tokens told of each place, or "all" of `vocabularySize`. */
  chunk(ask: ChunkAsk, top: number | "all", vocabularySize: number, names: TokenNames): HttpCall;
  /** Calls that tell every asked place of a text, in order: places[i] belongs to positions[i] of all calls' places put together. */
  rows(text: AskedText, top: number | "all", vocabularySize: number, names: TokenNames): readonly HttpCall[];
}

/** A call that sends so many tokens of text, and whose answer has this form. */
export const callOf = <T>(
  { path, sent, body }: Omit<HttpCall, "read">,
  schema: z.ZodType<T>,
  read: (answer: T) => Told,
): HttpCall => ({ path, sent, body, read: (answer) => read(schema.parse(answer)) });

/** One token after each asked position, by one request each. */
export const rowByRow = ({ ids, positions }: AskedText, chunk: (ask: ChunkAsk) => HttpCall): HttpCall[] =>
  Array.from(positions, (position) => chunk({ ids: ids.slice(0, position + 1), tokens: 1, temperature: 0, seed: 0 }));
