// What steering costs where it changes nothing: time per token of M alone, of the ensemble step by step, and of chunks that are verified.
// The pair is Mo twice, so every chunk stands. Random weights: time does not depend on what they say.

import { createRandom } from "../core/random.ts";
import { createDecoder, generate } from "../generation/index.ts";
import { initialiseModel } from "../models/load.ts";
import { parameterCount } from "../models/model.ts";
import type { Backend } from "../runtime/backend.ts";
import { createEnsembleDecoder } from "./ensemble-decoder.ts";
import { createLocalSource } from "./local-source.ts";
import { offsetOf } from "./offset-reader.ts";
import { decodeSpeculatively } from "./speculative.ts";

export interface SteeringMeasure {
  readonly name: string;
  readonly msPerToken: number;
  /** Over M alone, measured in turn with it. */
  readonly ratio: number;
}

export interface SteeringMeasures {
  readonly parameters: { readonly model: number; readonly small: number };
  readonly cases: readonly SteeringMeasure[];
  /** Tokens that stood per request, at this chunk. */
  readonly acceptedPerRequest: number;
  readonly chunk: number;
}

/** M ≈ 20 M and Mo ≈ 3 M, as the offset benchmark teaches them. */
const llama = {
  model_type: "llama",
  vocab_size: 2048,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
  num_attention_heads: 8,
};
const large = { ...llama, hidden_size: 512, num_hidden_layers: 6, intermediate_size: 1376 };
const small = { ...llama, hidden_size: 256, num_hidden_layers: 3, intermediate_size: 688 };

/** Variants in turn, `rounds` times; the median of each. */
export async function measureSteering(
  backend: Backend,
  {
    rounds,
    tokens = 64,
    chunk = 16,
    signal,
  }: { rounds: number; tokens?: number; chunk?: number; signal?: AbortSignal },
): Promise<SteeringMeasures> {
  using model = initialiseModel(large, backend, createRandom(1), "M");
  using pairModel = initialiseModel(small, backend, createRandom(2), "Mo");
  using twin = initialiseModel(small, backend, createRandom(2), "Mo′");
  using decoder = createDecoder(model);
  using frozen = createDecoder(pairModel);
  using tuned = createDecoder(twin);
  using source = createLocalSource(model);
  const pairs = [{ tuned, frozen, alpha: 1 }];
  const ensemble = createEnsembleDecoder(decoder, pairs);
  const offset = offsetOf(pairs);
  const prompt = Int32Array.from({ length: 32 }, (_, i) => (13 * i) % llama.vocab_size);
  const count = { requests: 0, proposed: 0, accepted: 0 };
  const options = { maxNewTokens: tokens, signal };
  const variants: readonly [name: string, run: () => Promise<unknown>][] = [
    ["M alone", () => generate(decoder, [prompt], options)],
    ["ensemble, token by token", () => generate(ensemble, [prompt], options)],
    [
      `chunks of ${chunk}, verified`,
      async () => {
        const ended = { ...options, chunk, seed: 0, stopIds: new Set<number>() };
        for await (const _ of decodeSpeculatively(source, offset, prompt, ended, count)) signal?.throwIfAborted();
      },
    ],
  ];
  const times = variants.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, [, run]] of variants.entries()) {
      const started = performance.now();
      await run();
      // The first round compiles.
      if (round > 0) times[i]?.push((performance.now() - started) / tokens);
    }
  }
  const medians = times.map((list) => list.sort((a, b) => a - b)[list.length >> 1] as number);
  return {
    parameters: { model: parameterCount(model), small: parameterCount(pairModel) },
    cases: variants.map(([name], i) => ({
      name,
      msPerToken: medians[i] as number,
      ratio: (medians[i] as number) / (medians[0] as number),
    })),
    acceptedPerRequest: count.accepted / count.requests,
    chunk,
  };
}
