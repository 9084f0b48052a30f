// Speculative offset decoding: M proposes a chunk with what it knew at each token, the small pair reads the chunk in one pass, and the longest prefix that
// P_e = softmax(l_M + Σ α (l_Mo′ − l_Mo)) would have produced stands; from its end M is asked anew. Greedy text is that of P_e token by token, drawn
// text is distributed as P_e. Knows neither text nor how M is reached.

import { RuntimeFailure } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { type ChoiceOptions, createChooser } from "../generation/index.ts";
import { steerRow } from "./ensemble.ts";
import type { LogitSource, Proposal, RowDistribution } from "./logit-source.ts";
import type { Offset } from "./offset-reader.ts";
import { judgeDrawn, judgeGreedy } from "./speculative-rule.ts";
import { completeRow } from "./tail.ts";

export interface SpeculativeOptions extends ChoiceOptions {
  /** Most tokens asked of M at once, default 16. After a token that did not stand, M is asked for as many as had stood and one more, then twice as many. */
  readonly chunk?: number;
  /** At least 1. Prompt and new tokens must fit both contexts. */
  readonly maxNewTokens: number;
  readonly seed: number | string;
  /** Tokens that end the text; not given out. */
  readonly stopIds: ReadonlySet<number>;
  readonly signal?: AbortSignal | undefined;
}

export interface SteeredToken {
  readonly id: number;
  /** l_e at its place before temperature and filters, up to a constant, [V]. The receiver's to keep. */
  readonly logits: Float32Array;
}

/** What a text cost. */
export interface SpeculativeCount {
  /** Times M was asked. */
  requests: number;
  /** Tokens that M proposed. */
  proposed: number;
  /** Proposed tokens that stood; `accepted / requests` is what a request is worth. */
  accepted: number;
}

/**
 * Continues a prompt; returns why it ended. `count` is added to as it goes.
 * @throws ConfigError for a choice outside its range; LetheError for a source that fails or answers what was not asked: nothing unsteered is given out
 */
export async function* decodeSpeculatively(
  source: LogitSource,
  offset: Offset,
  prompt: Int32Array,
  options: SpeculativeOptions,
  count: SpeculativeCount = { requests: 0, proposed: 0, accepted: 0 },
): AsyncGenerator<SteeredToken, "stop" | "length", void> {
  const { chunk = 16, maxNewTokens, stopIds, signal, temperature = 0 } = options;
  const chooser = createChooser(options, [...stopIds]);
  const random = createRandom(options.seed);
  // Only where rows are full is it known what a drawn proposal was drawn from.
  const drawsProposals = chooser.drawn && source.rowKind === "full";
  const width = source.vocabularySize;
  const total = prompt.length + maxNewTokens;
  const tokens = new Int32Array(total);
  tokens.set(prompt);
  let length = prompt.length;
  let asked = chunk;
  using reader = offset.reader(total);

  while (length < total) {
    signal?.throwIfAborted();
    const request = {
      ids: tokens.slice(0, length),
      tokens: Math.min(asked, total - length),
      temperature: drawsProposals ? temperature : 0,
      seed: random.integer(2 ** 31),
      endIds: [...stopIds],
    };
    const proposal = readable(await source.propose(request, signal), request.tokens, source, offset.vocabularySize);
    count.requests++;
    count.proposed += proposal.tokens.length;
    // The last proposed token is read with the next chunk, when it stands.
    const unread = tokens.slice(reader.length, length);
    const behind = Int32Array.from([...unread, ...proposal.tokens.subarray(0, -1)]);
    const readings = await reader.read(behind, proposal.tokens.length, signal);
    let stood = 0;
    for (const [i, reading] of readings.entries()) {
      const model = completeRow(proposal.rows[i] as RowDistribution, () => reading.frozen, width);
      const logits = steerRow(model, reading.offset);
      const target = chooser.shape(tokens.subarray(0, length), prompt.length, logits.slice());
      const proposed = proposal.tokens[i] as number;
      const draft = drawsProposals ? model.map((logit) => logit / temperature) : undefined;
      const id = chooser.drawn ? judgeDrawn({ proposed, target, draft }, random) : judgeGreedy({ target });
      if (id === proposed) {
        stood++;
        count.accepted++;
      }
      if (stopIds.has(id)) return "stop";
      tokens[length++] = id;
      yield { id, logits };
      if (id !== proposed) break;
    }
    reader.rewind(Math.min(reader.length, length - 1));
    asked = stood === proposal.tokens.length ? Math.min(chunk, 2 * asked) : Math.min(chunk, stood + 1);
  }
  return "length";
}

/**
 * A proposal as far as the pair can read it: padding that only M has a row for cannot stand, and ends it.
 * @throws RuntimeFailure for what a source should have refused itself
 */
function readable(
  { tokens, rows }: Proposal,
  asked: number,
  { name, vocabularySize }: LogitSource,
  common: number,
): Proposal {
  const foreign = tokens.find((id) => id < 0 || id >= vocabularySize);
  if (foreign !== undefined) {
    throw new RuntimeFailure(`${name} proposed token ${foreign}, its vocabulary ends at ${vocabularySize - 1}`);
  }
  if (tokens.length < 1 || tokens.length > asked || rows.length !== tokens.length) {
    throw new RuntimeFailure(
      `${name} gave ${tokens.length} tokens and ${rows.length} rows for the ${asked} tokens asked`,
    );
  }
  const padding = tokens.findIndex((id) => id >= common);
  return padding < 0 ? { tokens, rows } : { tokens: tokens.subarray(0, padding + 1), rows: rows.slice(0, padding + 1) };
}
