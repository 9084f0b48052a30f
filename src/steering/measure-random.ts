// The cost of steering where it changes nothing, without any run: the pair is Mo twice, so every chunk stands. Random weights: time does not depend on what
// they say.

import { createRandom } from "../core/random.ts";
import { createDecoder } from "../generation/index.ts";
import { initialiseModel } from "../models/load.ts";
import { parameterCount } from "../models/model.ts";
import type { Backend } from "../runtime/backend.ts";
import { createLocalSource } from "./local-source.ts";
import { measureSteering, type SteeringMeasures } from "./measure.ts";

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

export interface RandomSteering extends SteeringMeasures {
  readonly parameters: { readonly model: number; readonly small: number };
}

/** One prompt of 32 tokens and an answer of 64, `rounds` times. */
export async function measureRandomSteering(
  backend: Backend,
  options: { readonly rounds: number; readonly signal?: AbortSignal },
): Promise<RandomSteering> {
  using model = initialiseModel(large, backend, createRandom(1), "M");
  using pairModel = initialiseModel(small, backend, createRandom(2), "Mo");
  using twin = initialiseModel(small, backend, createRandom(2), "Mo′");
  using decoder = createDecoder(model);
  using frozen = createDecoder(pairModel);
  using tuned = createDecoder(twin);
  using source = createLocalSource(model);
  const steered = { model: decoder, source, pairs: [{ tuned, frozen, alpha: 1 }] };
  const prompt = Int32Array.from({ length: 32 }, (_, i) => (13 * i) % llama.vocab_size);
  const measured = await measureSteering(steered, [prompt], { ...options, maxNewTokens: 64 });
  return { ...measured, parameters: { model: parameterCount(model), small: parameterCount(pairModel) } };
}
