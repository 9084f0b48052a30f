// From the options of a generation to the function that chooses a row's next token.

import type { Random } from "../core/random.ts";
import {
  type LogitsProcessor,
  minP,
  repetitionPenalty,
  requireOption,
  suppressUntil,
  temperature,
  topK,
  topP,
} from "./logits-processors.ts";
import { drawToken, mostLikely } from "./sampler.ts";

export interface ChoiceOptions {
  /** 0 (default): always the most likely token. Else the logits are divided by it and a token is drawn. */
  readonly temperature?: number | undefined;
  /** Draw only among so many most likely tokens. */
  readonly topK?: number | undefined;
  /** Draw only among the most likely tokens that together have this probability. */
  readonly topP?: number | undefined;
  /** Draw only among tokens at least this fraction as likely as the most likely one. */
  readonly minP?: number | undefined;
  /** Above 1: tokens that have occurred become less likely. Default 1. */
  readonly repetitionPenalty?: number | undefined;
  /** Stop tokens are forbidden until so many tokens are generated. Default 0. */
  readonly minNewTokens?: number | undefined;
  /** Applied to the raw logits, before everything above. */
  readonly processors?: readonly LogitsProcessor[] | undefined;
}

export interface Chooser {
  /** True when the choice is the largest raw logit, so that the logits need not be read. */
  readonly greedy: boolean;
  /** Whether a token is drawn rather than the most likely one taken. */
  readonly drawn: boolean;
  /** The logits that a token is chosen from: those given after everything that shapes them. May write into `logits`. */
  shape(tokens: Int32Array, promptLength: number, logits: Float32Array): Float32Array;
  /** tokens: prompt and generated so far, `promptLength` of them the prompt. May write into `logits`. */
  choose(tokens: Int32Array, promptLength: number, logits: Float32Array, random: Random): number;
}

/** @throws ConfigError for an option outside its range. */
export function createChooser(options: ChoiceOptions, stopIds: readonly number[]): Chooser {
  const { temperature: heat = 0, minNewTokens = 0, repetitionPenalty: penalty = 1 } = options;
  requireOption("temperature", heat, heat >= 0 && Number.isFinite(heat), "a number ≥ 0");
  requireOption(
    "minNewTokens",
    minNewTokens,
    Number.isInteger(minNewTokens) && minNewTokens >= 0,
    "a whole number ≥ 0",
  );
  const shaping = [...(options.processors ?? [])];
  if (penalty !== 1) shaping.push(repetitionPenalty(penalty));
  const suppresses = minNewTokens > 0 && stopIds.length > 0;
  const narrowing = [
    ...(heat > 0 && heat !== 1 ? [temperature(heat)] : []),
    ...(options.topK === undefined ? [] : [topK(options.topK)]),
    ...(options.topP === undefined ? [] : [topP(options.topP)]),
    ...(options.minP === undefined ? [] : [minP(options.minP)]),
  ];
  const drawn = heat > 0;
  const shape: Chooser["shape"] = (tokens, promptLength, logits) => {
    let shaped = logits;
    for (const processor of shaping) shaped = processor(tokens, shaped);
    if (suppresses) shaped = suppressUntil(promptLength + minNewTokens, stopIds)(tokens, shaped);
    if (drawn) for (const processor of narrowing) shaped = processor(tokens, shaped);
    return shaped;
  };
  return {
    greedy: !drawn && shaping.length === 0 && !suppresses,
    drawn,
    shape,
    choose(tokens, promptLength, logits, random) {
      const shaped = shape(tokens, promptLength, logits);
      return drawn ? drawToken(shaped, random) : mostLikely(shaped);
    },
  };
}
