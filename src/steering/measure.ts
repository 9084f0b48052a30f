// What steering costs and what it changes, over given prompts: M alone, the ensemble token by token, chunks of M's that are verified, each answering every
// prompt in turn. Knows neither text nor where the models came from.

import { ModelError } from "../core/errors.ts";
import { type Decoder, generate } from "../generation/index.ts";
import { createEnsembleDecoder } from "./ensemble-decoder.ts";
import type { LogitSource } from "./logit-source.ts";
import { type OffsetPair, offsetOf } from "./offset-reader.ts";
import { decodeSpeculatively, type SpeculativeCount } from "./speculative.ts";

export interface SteeringCase {
  readonly name: string;
  /** Milliseconds per token, the one that ends an answer included: the median over rounds. */
  readonly msPerToken: number;
  /** Over M alone, measured in turn with it. */
  readonly ratio: number;
  readonly tokensPerAnswer: number;
  /** Share of answers that are M's, to the last token. */
  readonly sameAsModel: number;
}

export interface SteeringMeasures {
  /** M alone, the ensemble, chunks. */
  readonly cases: readonly SteeringCase[];
  readonly chunk: number;
  /** Tokens that stood per request. */
  readonly acceptedPerRequest: number;
  readonly requestsPerAnswer: number;
  readonly requestsPerToken: number;
  /** Share of answers that chunks gave as the ensemble token by token did: less than 1 is rounding at two tokens that are equally likely, or a mistake. */
  readonly sameByChunks: number;
}

export interface Steered {
  readonly model: Decoder;
  /** The same M, asked for chunks. */
  readonly source: LogitSource;
  readonly pairs: readonly OffsetPair[];
}

export interface SteeringMeasureOptions {
  /** Timed answers to each prompt. One more comes before them and compiles. */
  readonly rounds: number;
  /** Most tokens of an answer. */
  readonly maxNewTokens: number;
  /** Tokens that end an answer. Default: none. */
  readonly stopIds?: ReadonlySet<number>;
  /** Default 16. */
  readonly chunk?: number;
  readonly signal?: AbortSignal | undefined;
}

interface Answer {
  /** Without the token that ended it. */
  readonly ids: readonly number[];
  readonly finish: "stop" | "length";
}

const lengthOf = ({ ids, finish }: Answer) => ids.length + (finish === "stop" ? 1 : 0);
const share = (list: readonly boolean[]) => list.filter(Boolean).length / list.length;
const sum = (list: readonly number[]) => list.reduce((total, x) => total + x, 0);
const same = (a: Answer | undefined, b: Answer | undefined) =>
  a?.finish === b?.finish && a?.ids.length === b?.ids.length && (a?.ids.every((id, i) => id === b?.ids[i]) ?? false);

/** Greedy answers, one text at a time. @throws ModelError before anything is measured, for a prompt that leaves one of the models no room */
export async function measureSteering(
  { model, source, pairs }: Steered,
  prompts: readonly Int32Array[],
  { rounds, maxNewTokens, stopIds = new Set(), chunk = 16, signal }: SteeringMeasureOptions,
): Promise<SteeringMeasures> {
  const ensemble = createEnsembleDecoder(model, pairs);
  const offset = offsetOf(pairs);
  const contexts = [source.contextLength, offset.contextLength] as const;
  for (const { length } of prompts) {
    if (length < Math.min(...contexts)) continue;
    throw new ModelError(
      `a question has ${length} tokens; ${source.name} reads ${contexts[0]}, the models that steer it ${contexts[1]}`,
      { hint: "Leave that question out: its answer has no room." },
    );
  }
  const roomFor = ({ length }: Int32Array) => Math.min(maxNewTokens, Math.min(...contexts) - length);
  let count: SpeculativeCount = { requests: 0, proposed: 0, accepted: 0 };

  const stepwise = (decoder: Decoder) => async (prompt: Int32Array) => {
    const [found] = await generate(decoder, [prompt], { maxNewTokens: roomFor(prompt), stopIds, signal });
    return { ids: [...(found?.ids ?? [])], finish: found?.finish ?? "length" };
  };
  async function inChunks(prompt: Int32Array): Promise<Answer> {
    const ids: number[] = [];
    const options = { maxNewTokens: roomFor(prompt), stopIds, chunk, seed: 0, signal };
    const tokens = decodeSpeculatively(source, offset, prompt, options, count);
    for (;;) {
      const next = await tokens.next();
      if (next.done) return { ids, finish: next.value };
      ids.push(next.value.id);
    }
  }
  const variants: readonly (readonly [name: string, answer: (prompt: Int32Array) => Promise<Answer>])[] = [
    ["M alone", stepwise(model)],
    ["ensemble, token by token", stepwise(ensemble)],
    [`chunks of ${chunk}, verified`, inChunks],
  ];

  /** By variant: its answers to all prompts, and the milliseconds that they took. */
  async function answerAll() {
    const found = variants.map(() => ({ answers: [] as Answer[], milliseconds: 0 }));
    for (const prompt of prompts) {
      for (const [i, [, answer]] of variants.entries()) {
        signal?.throwIfAborted();
        const of = found[i] as (typeof found)[number];
        const started = performance.now();
        of.answers.push(await answer(prompt));
        of.milliseconds += performance.now() - started;
      }
    }
    return found;
  }
  const answers = (await answerAll()).map((each) => each.answers);
  const tokens = answers.map((list) => sum(list.map(lengthOf)));
  const times = variants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    count = { requests: 0, proposed: 0, accepted: 0 };
    for (const [i, { milliseconds }] of (await answerAll()).entries()) {
      times[i]?.push(milliseconds / (tokens[i] as number));
    }
  }
  const medians = times.map((list) => list.sort((a, b) => a - b)[list.length >> 1] as number);
  const [alone, stepped, chunked] = answers as [Answer[], Answer[], Answer[]];
  return {
    cases: variants.map(([name], i) => ({
      name,
      msPerToken: medians[i] as number,
      ratio: (medians[i] as number) / (medians[0] as number),
      tokensPerAnswer: (tokens[i] as number) / prompts.length,
      sameAsModel: share(alone.map((answer, prompt) => same(answer, answers[i]?.[prompt]))),
    })),
    chunk,
    acceptedPerRequest: count.accepted / count.requests,
    requestsPerAnswer: count.requests / prompts.length,
    requestsPerToken: count.requests / (tokens[2] as number),
    sameByChunks: share(stepped.map((answer, prompt) => same(answer, chunked[prompt]))),
  };
}
