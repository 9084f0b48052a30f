// A model behind an address, steered by small models here, as the server sees it. A chunk is asked of it, verified here, and only what stands is given
// out: when either side fails, so does the request. Knows neither HTTP nor text.

import { ConfigError, LetheError, RuntimeFailure } from "../core/errors.ts";
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
  const { name, offset, tokenizer, chatTemplate, chunk = 16 } = options;
  const source: LogitSource = {
    ...options.source,
    rows: (...asked) => options.source.rows(...asked).catch(failUpstream),
    propose: (...asked) => options.source.propose(...asked).catch(failUpstream),
  };
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new ConfigError(`chunk is ${chunk}`, { place: { key: "chunk" }, hint: "Allowed is a whole number ≥ 1." });
  }
  const limits = [source.contextLength, offset.contextLength, options.contextLength ?? Number.POSITIVE_INFINITY];
  const count: SpeculativeCount = { requests: 0, proposed: 0, accepted: 0 };
  let tokens = 0;
  /** One for each text on its way. A signal of the model's own would remember every text that it was joined with. */
  const underWay = new Set<AbortController>();
  let closed: Error | undefined;

  /** Aborts with `signal`, and when the model is closed; forgotten when disposed. */
  function until(signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
    const end = new AbortController();
    if (closed) end.abort(closed);
    underWay.add(end);
    return {
      signal: AbortSignal.any([signal, end.signal]),
      [Symbol.dispose]: () => void underWay.delete(end),
    };
  }

  async function* generate(request: TokenRequest, signal: AbortSignal): AsyncGenerator<TokenEvent, Finish, void> {
    const { prompt, choice, maxTokens, seed, stopIds, rows } = request;
    const { temperature, topP, topK } = choice;
    using end = until(signal);
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
        signal: end.signal,
      },
      count,
    );
    try {
      for (;;) {
        const next = await steered.next();
        if (next.done) return next.value;
        tokens++;
        const { id, logits } = next.value;
        yield rows ? { id, row: normalise(logits) } : { id };
      }
    } finally {
      // Who leaves in the middle leaves what has been read of the text, too.
      await steered.return("stop");
    }
  }

  async function* promptRows(ids: Int32Array, signal: AbortSignal): AsyncGenerator<Float32Array, void, void> {
    const positions = Int32Array.from(ids.keys());
    using end = until(signal);
    const told = await source.rows([{ ids, positions }], end.signal);
    using reader = offset.reader(ids.length);
    for (const [i, id] of ids.entries()) {
      const [reading] = await reader.read(Int32Array.of(id), 1, end.signal);
      if (!reading) return;
      const model = completeRow(told[i] as (typeof told)[number], () => reading.frozen, source.vocabularySize);
      yield normalise(steerRow(model, reading.offset));
    }
  }

  const dispose = () => {
    closed = new RuntimeFailure(`the model "${name}" is being closed`);
    for (const end of underWay) end.abort(closed);
  };
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

/** What fails there is told from what fails here: the client gets 502. */
function failUpstream(error: unknown): never {
  if (!(error instanceof RuntimeFailure)) throw error;
  const { message, hint } = error;
  throw new LetheError("upstream", message, { cause: error, ...(hint === undefined ? {} : { hint }) });
}
