// A model behind an address, steered by small models here, as the server sees it. A chunk is asked of it, verified here, and only what stands is given
// out: when either side fails, so does the request. Knows neither HTTP nor text.

import { ConfigError } from "../core/errors.ts";
import { bias } from "../generation/index.ts";
import {
  completeRow,
  decodeSpeculatively,
  type LogitSource,
  normalise,
  type Offset,
  type SpeculativeCount,
  steerRow,
} from "../steering/index.ts";
import type { ChatTemplate, Tokenizer } from "../text/index.ts";
import type { Finish, ServedModel, TokenEvent, TokenRequest } from "./served-model.ts";

export interface SteeredModelOptions {
  readonly name: string;
  /** M */
  readonly source: LogitSource;
  readonly offset: Offset;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  /** Tokens asked of M at once, default 16. */
  readonly chunk?: number | undefined;
  /** Most tokens of prompt and answer, where that is to be less than the models read. */
  readonly contextLength?: number | undefined;
}

/** Takes over neither source nor offset: dispose it before them. */
export function createSteeredModel(options: SteeredModelOptions): ServedModel {
  const { name, source, offset, tokenizer, chatTemplate, chunk = 16 } = options;
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new ConfigError(`chunk is ${chunk}`, { place: { key: "chunk" }, hint: "Allowed is a whole number ≥ 1." });
  }
  const limits = [source.contextLength, offset.contextLength, options.contextLength ?? Number.POSITIVE_INFINITY];
  const count: SpeculativeCount = { requests: 0, proposed: 0, accepted: 0 };
  let tokens = 0;
  const closing = new AbortController();

  async function* generate(request: TokenRequest, signal: AbortSignal): AsyncGenerator<TokenEvent, Finish, void> {
    const { prompt, choice, maxTokens, seed, stopIds, rows } = request;
    const { temperature, topP, topK } = choice;
    const steered = decodeSpeculatively(
      source,
      offset,
      prompt,
      {
        temperature,
        topP,
        topK,
        processors: choice.bias && choice.bias.size > 0 ? [bias(choice.bias)] : [],
        chunk,
        maxNewTokens: maxTokens,
        seed,
        stopIds,
        signal: AbortSignal.any([signal, closing.signal]),
      },
      count,
    );
    for (;;) {
      const next = await steered.next();
      if (next.done) return next.value;
      tokens++;
      const { id, logits } = next.value;
      yield rows ? { id, row: normalise(logits) } : { id };
    }
  }

  async function* promptRows(ids: Int32Array, signal: AbortSignal): AsyncGenerator<Float32Array, void, void> {
    const positions = Int32Array.from(ids.keys());
    const told = await source.rows([{ ids, positions }], AbortSignal.any([signal, closing.signal]));
    using reader = offset.reader(ids.length);
    for (const [i, id] of ids.entries()) {
      const [reading] = await reader.read(Int32Array.of(id), 1, signal);
      if (!reading) return;
      const model = completeRow(told[i] as (typeof told)[number], () => reading.frozen, source.vocabularySize);
      yield normalise(steerRow(model, reading.offset));
    }
  }

  const dispose = () => closing.abort(new Error(`the model "${name}" is being closed`));
  return {
    name,
    contextLength: Math.min(...limits),
    contextLimits: { upstream: source.contextLength, offset: offset.contextLength },
    vocabularySize: source.vocabularySize,
    tokenizer,
    chatTemplate,
    generate,
    promptRows,
    counters: () => ({
      upstream_requests: count.requests,
      upstream_tokens_proposed: count.proposed,
      upstream_tokens_accepted: count.accepted,
      steered_tokens: tokens,
    }),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
