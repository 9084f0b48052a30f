// What may change a row's logits before a token is chosen: plain functions, applied in the order of a list. −Infinity forbids a token.
// A processor sees one row: the tokens so far and the logits of the next one. It may write into the logits it is given; it returns those to use.

import { ConfigError } from "../core/errors.ts";
import { cutoff } from "./cutoff.ts";

/** tokens: prompt and what was generated; logits: [vocabulary], float32. */
export type LogitsProcessor = (tokens: Int32Array, logits: Float32Array) => Float32Array;

const forbidden = Number.NEGATIVE_INFINITY;

function changeEach(change: (logit: number) => number): LogitsProcessor {
  return (_, logits) => {
    for (let id = 0; id < logits.length; id++) logits[id] = change(logits[id] as number);
    return logits;
  };
}

/** Divides by `value` > 0: below 1 sharpens the distribution, above 1 flattens it. */
export function temperature(value: number): LogitsProcessor {
  requireOption("temperature", value, value > 0 && Number.isFinite(value), "a number > 0");
  return changeEach((logit) => logit / value);
}

/** Keeps the `count` ≥ 1 most likely tokens, and those exactly as likely as the last of them. */
export function topK(count: number): LogitsProcessor {
  requireOption("topK", count, Number.isInteger(count) && count >= 1, "a whole number ≥ 1");
  return (_, logits) =>
    count >= logits.length
      ? logits
      : forbidBelow(
          logits,
          cutoff(logits, count, () => 1),
        );
}

/** Nucleus sampling (1904.09751): keeps the smallest set of most likely tokens with probability ≥ `mass` together, 0 < mass ≤ 1. */
export function topP(mass: number): LogitsProcessor {
  requireOption("topP", mass, mass > 0 && mass <= 1, "a number > 0 and ≤ 1");
  return (_, logits) => {
    if (mass === 1) return logits;
    const largest = maximum(logits);
    const weigh = (logit: number) => Math.exp(logit - largest);
    let total = 0;
    for (const logit of logits) total += weigh(logit);
    return forbidBelow(logits, cutoff(logits, mass * total, weigh));
  };
}

/** Keeps the tokens at least `ratio` times as likely as the most likely one (2407.01082), 0 ≤ ratio ≤ 1. */
export function minP(ratio: number): LogitsProcessor {
  requireOption("minP", ratio, ratio >= 0 && ratio <= 1, "a number from 0 to 1");
  return (_, logits) => (ratio === 0 ? logits : forbidBelow(logits, maximum(logits) + Math.log(ratio)));
}

/** CTRL's penalty (1909.05858): logits of tokens that have occurred are divided by `penalty` > 0 when positive, multiplied when negative. */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  requireOption("repetitionPenalty", penalty, penalty > 0 && Number.isFinite(penalty), "a number > 0");
  return (tokens, logits) => {
    for (const id of new Set(tokens)) {
      const logit = logits[id];
      if (logit !== undefined) logits[id] = logit > 0 ? logit / penalty : logit * penalty;
    }
    return logits;
  };
}

/** Adds a number to the logits of single tokens. */
export function bias(amounts: ReadonlyMap<number, number>): LogitsProcessor {
  return (_, logits) => {
    for (const [id, amount] of amounts) if (id in logits) logits[id] = (logits[id] as number) + amount;
    return logits;
  };
}

/** Forbids `ids`, such as those that end a text, until a row has `tokenCount` tokens, the prompt included. */
export function suppressUntil(tokenCount: number, ids: Iterable<number>): LogitsProcessor {
  const suppressed = [...ids];
  return (tokens, logits) => {
    if (tokens.length < tokenCount) for (const id of suppressed) if (id in logits) logits[id] = forbidden;
    return logits;
  };
}

function forbidBelow(logits: Float32Array, smallest: number): Float32Array {
  for (let id = 0; id < logits.length; id++) if (!((logits[id] as number) >= smallest)) logits[id] = forbidden;
  return logits;
}

function maximum(logits: Float32Array): number {
  let largest = forbidden;
  for (const logit of logits) if (logit > largest) largest = logit;
  return largest;
}

/** @throws ConfigError naming the option, what was got and what is allowed. */
export function requireOption(key: string, value: unknown, valid: boolean, allowed: string): void {
  if (!valid) throw new ConfigError(`${key} is ${value}`, { place: { key }, hint: `Allowed is ${allowed}.` });
}
