// A model on this machine as a source of logits: whole rows, as many texts at once as fit. Knows no offset.

import { createRandom } from "../core/random.ts";
import { createChooser, createDecoder, type Decoder, type TokenReader } from "../generation/index.ts";
import type { Model } from "../models/index.ts";
import { createStageRunner, type TokenBatch } from "../models/stage-runner.ts";
import type { AskedText, LogitSource, Proposal, ProposalRequest, RowDistribution } from "./logit-source.ts";

export interface LocalSourceOptions {
  /** For messages; the model's own when left out. */
  readonly name?: string | undefined;
  /** Texts computed together. Default 32. */
  readonly batch?: number;
}

/** The model stays the caller's, who disposes it after the source. */
export function createLocalSource(
  model: Model,
  { name = model.source, batch = 32 }: LocalSourceOptions = {},
): LogitSource {
  const { vocabularySize, maxPositions } = model.config;
  const runner = createStageRunner(model);
  let decoder: Decoder | undefined;
  /** The last text that was continued, while nobody continues it. */
  let held: ContinuedText | undefined;
  /** Another request may have left its own in the meantime. */
  const hold = (text: ContinuedText | undefined) => {
    held?.reader.dispose();
    held = text;
  };

  async function rows(asked: readonly AskedText[], signal?: AbortSignal): Promise<RowDistribution[]> {
    const found = asked.map((): RowDistribution[] => []);
    for (const texts of byLength(asked, batch)) {
      signal?.throwIfAborted();
      const { tokens, positions } = batchOf(
        texts.map(({ text }) => text),
        maxPositions,
      );
      using pass = await runner.forward(tokens, signal ? { signal } : {});
      const logits = await runner.logitRows(pass, positions, signal ? { signal } : {});
      let row = 0;
      for (const { text, index } of texts) {
        found[index] = Array.from(text.positions, () => {
          const start = row++ * vocabularySize;
          return { kind: "full", logits: logits.subarray(start, start + vocabularySize) };
        });
      }
    }
    return found.flat();
  }

  async function propose(request: ProposalRequest, signal?: AbortSignal): Promise<Proposal> {
    const { ids, temperature, endIds } = request;
    const chooser = createChooser({ temperature }, endIds);
    const random = createRandom(request.seed);
    const count = Math.min(request.tokens, maxPositions + 1 - ids.length);
    const tokens: number[] = [];
    const said: RowDistribution[] = [];
    if (count <= 0) return { tokens: new Int32Array(0), rows: said };
    decoder ??= createDecoder(model);
    // A text is mostly asked to go on from where it was asked before: what was read of it then is not read again.
    const room = ids.length + request.tokens;
    const text =
      held && held.reader.capacity >= room ? held : { reader: decoder.reader(2 * room), ids: [] as number[] };
    if (text !== held) held?.reader.dispose();
    held = undefined;
    try {
      const read = alreadyRead(text.ids, ids);
      text.reader.rewind(read);
      text.ids = [...ids];
      let next = ids.subarray(read);
      while (tokens.length < count) {
        signal?.throwIfAborted();
        const logits = await text.reader.read(next, 1, signal);
        said.push({ kind: "full", logits });
        const token = chooser.choose(ids, ids.length, logits.slice(), random);
        tokens.push(token);
        if (endIds.includes(token)) break;
        next = Int32Array.of(token);
        if (tokens.length < count) text.ids.push(token);
      }
      hold(text);
    } catch (error) {
      text.reader.dispose();
      throw error;
    }
    return { tokens: Int32Array.from(tokens), rows: said };
  }

  const dispose = () => {
    hold(undefined);
    decoder?.dispose();
  };
  return {
    name,
    rowKind: "full",
    vocabularySize,
    contextLength: maxPositions,
    rows,
    propose,
    dispose,
    [Symbol.dispose]: dispose,
  };
}

interface ContinuedText {
  readonly reader: TokenReader;
  /** What the reader has read. */
  ids: number[];
}

/** How many tokens both begin with, the last of `ids` not counted: it has to be read for what comes after it. */
function alreadyRead(before: readonly number[], ids: Int32Array): number {
  let common = 0;
  while (common < ids.length - 1 && before[common] === ids[common]) common++;
  return common;
}

/** Texts of like lengths together, the longest first. */
function byLength(asked: readonly AskedText[], size: number) {
  const sorted = asked.map((text, index) => ({ text, index }));
  sorted.sort((a, b) => b.text.ids.length - a.text.ids.length || a.index - b.index);
  const batches: (typeof sorted)[] = [];
  for (let start = 0; start < sorted.length; start += size) batches.push(sorted.slice(start, start + size));
  return batches;
}

/** Lengths are padded to a multiple of this, so that few shapes are compiled. */
const lengthBucket = 16;

/** Right-padded texts, and the flat places of their positions, text after text. */
export function batchOf(
  texts: readonly AskedText[],
  maxPositions: number,
): { tokens: TokenBatch; positions: Int32Array } {
  const longest = Math.max(...texts.map(({ ids }) => ids.length));
  const seq = Math.max(longest, Math.min(maxPositions, Math.ceil(longest / lengthBucket) * lengthBucket));
  const ids = new Int32Array(texts.length * seq);
  const positions: number[] = [];
  texts.forEach((text, row) => {
    ids.set(text.ids, row * seq);
    for (const position of text.positions) positions.push(row * seq + position);
  });
  return { tokens: { ids, batch: texts.length, seq }, positions: Int32Array.from(positions) };
}
