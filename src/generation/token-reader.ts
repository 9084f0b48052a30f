// Reads one text piece by piece into a cache and tells the logits after each of its last tokens; can go back and read on otherwise.
// Knows neither sampling nor when a text ends.

import type { Model } from "../models/model.ts";
import type { Value } from "../runtime/backend.ts";
import { createKvCache } from "./kv-cache.ts";
import { throughBlocks } from "./prompt-pass.ts";
import { createRotations } from "./rotations.ts";
import type { StagePrograms, StageRuns } from "./stage-programs.ts";

/** A text being read. Everything it holds is given back by `dispose`; its methods are called one after the other. */
export interface TokenReader extends Disposable {
  /** Tokens that fit. */
  readonly capacity: number;
  /** Tokens read so far. */
  readonly length: number;
  /** Reads `tokens` behind those read so far; gives the logits after each of the last `rows` of them, [rows · vocabulary]. */
  read(tokens: Int32Array, rows: number, signal?: AbortSignal): Promise<Float32Array>;
  /** Forgets all but the first `length` tokens. */
  rewind(length: number): void;
  dispose(): void;
}

const noRows = new Float32Array(0);

function joined(pieces: readonly Float32Array[]): Float32Array {
  const [first = noRows, ...more] = pieces;
  if (more.length === 0) return first;
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let start = 0;
  for (const piece of pieces) {
    all.set(piece, start);
    start += piece.length;
  }
  return all;
}

/** A reader for texts of up to `capacity` tokens with the weights that the model has when each shape is first read. */
export function createTokenReader(model: Model, programs: StagePrograms, capacity: number): TokenReader {
  const { backend, config } = model;
  const rotations = createRotations(model, capacity);
  const cache = createKvCache(backend, config, 1, capacity);
  const compiled = new Map<number, StageRuns>();
  let length = 0;

  async function stagesFor(seq: number): Promise<StageRuns> {
    const known = compiled.get(seq);
    if (known) return known;
    const made = await programs.stages({ batch: 1, seq }, "chunk", capacity, "logits");
    compiled.set(seq, made);
    return made;
  }

  /** Pads to `seq` tokens: what is written behind the last one is overwritten by the next. */
  async function readPiece(
    tokens: Int32Array,
    seq: number,
    wanted: boolean,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const padded = new Int32Array(seq);
    padded.set(tokens);
    const { embed, blocks, head } = await stagesFor(seq);
    using ids = backend.value(padded, [seq], "int32");
    using lastPositions = backend.value(Int32Array.of(length + seq - 1), [1], "int32");
    using longest = backend.value(Int32Array.of(length + seq), [], "int32");
    const options = signal ? { signal } : {};
    const place = "lastPositions" in embed.program.inputs ? { lastPositions } : {};
    const embedded = (await embed.program.run({ ...embed.weights, ...place, ids }, options)).next as Value;
    using hidden = await throughBlocks(embedded, blocks, { cache, rotations, last: lastPositions, longest }, options);
    length += tokens.length;
    if (!wanted) return noRows;
    using logits = (await head.program.run({ ...head.weights, hidden }, options)).logits as Value;
    return ((await backend.read(logits)) as Float32Array).slice(0, tokens.length * config.vocabularySize);
  }

  /** In pieces of powers of two: whatever the texts' lengths, no other shapes are compiled. The last piece is padded where there is room. */
  async function readAll(tokens: Int32Array, wanted: boolean, signal?: AbortSignal): Promise<Float32Array> {
    const said: Float32Array[] = [];
    for (let start = 0; start < tokens.length; ) {
      const seq = widthOf(tokens.length - start);
      const piece = tokens.subarray(start, start + seq);
      said.push(await readPiece(piece, seq, wanted, signal));
      start += piece.length;
    }
    return joined(said);
  }

  /** The least power of two ≥ n, or the largest below it where that does not fit. */
  function widthOf(n: number): number {
    let width = 1;
    while (width < n) width *= 2;
    return length + width <= capacity ? width : width / 2;
  }

  const dispose = () => {
    cache.dispose();
    rotations.dispose();
  };
  return {
    capacity,
    get length() {
      return length;
    },
    async read(tokens, rows, signal) {
      if (length + tokens.length > capacity) {
        throw new Error(`${length} and ${tokens.length} tokens do not fit into ${capacity} positions`);
      }
      const body = tokens.subarray(0, tokens.length - rows);
      await readAll(body, false, signal);
      return readAll(tokens.subarray(body.length), true, signal);
    },
    rewind(to) {
      if (to > length) throw new Error(`${length} tokens were read, not ${to}`);
      length = to;
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
