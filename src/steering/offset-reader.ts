// Offsets at inference: small pairs read a text piece by piece and tell Σ α (l_Mo′ − l_Mo) after each token; several are added. A frozen model that
// pairs share reads once. Knows neither M nor how a token is chosen.

import type { Decoder, TokenReader } from "../generation/index.ts";
import { addOffset } from "./ensemble.ts";

/** A pair ready to compute. */
export interface OffsetPair {
  /** Mo′ */
  readonly tuned: Decoder;
  /** Mo */
  readonly frozen: Decoder;
  readonly alpha: number;
}

/** One text being read. Its methods are called one after the other. */
export interface OffsetReader extends Disposable {
  /** Tokens read so far. */
  readonly length: number;
  /** Reads `tokens` behind those read so far; what the pairs say after each of the last `rows` of them. */
  read(tokens: Int32Array, rows: number, signal?: AbortSignal): Promise<OffsetReading[]>;
  /** Forgets all but the first `length` tokens. */
  rewind(length: number): void;
  dispose(): void;
}

export interface OffsetReading {
  /** Σ α (l_Mo′ − l_Mo), [vocabularySize] */
  readonly offset: Float32Array;
  /** l_Mo of the first pair, [its own width]: the shape of what a source leaves out. */
  readonly frozen: Float32Array;
}

/** What steers a model. */
export interface Offset {
  /** Tokens that every model of it can read. */
  readonly contextLength: number;
  /** Ids that every model of it can read: 0 … vocabularySize − 1. */
  readonly vocabularySize: number;
  reader(positions: number): OffsetReader;
}

/** Pairs as one offset. The decoders stay the caller's. @throws Error without a pair */
export function offsetOf(pairs: readonly OffsetPair[]): Offset {
  const [first] = pairs;
  if (!first) throw new Error("an offset needs a pair");
  const models = [...new Set(pairs.flatMap(({ tuned, frozen }) => [frozen, tuned]))];
  const vocabularySize = Math.min(...models.map(({ model }) => model.config.vocabularySize));

  function reader(positions: number): OffsetReader {
    const readers = new Map<Decoder, TokenReader>();
    const dispose = () => {
      for (const each of readers.values()) each.dispose();
    };
    try {
      for (const decoder of models) readers.set(decoder, decoder.reader(positions));
    } catch (error) {
      dispose();
      throw error;
    }
    const firstReader = readers.get(first?.frozen as Decoder) as TokenReader;
    return {
      get length() {
        return firstReader.length;
      },
      async read(tokens, rows, signal) {
        const before = firstReader.length;
        const said = new Map<Decoder, Float32Array>();
        try {
          for (const [decoder, each] of readers) said.set(decoder, await each.read(tokens, rows, signal));
        } catch (error) {
          // An abort between two models must not leave one ahead of the other.
          for (const each of readers.values()) each.rewind(Math.min(before, each.length));
          throw error;
        }
        const rowOf = (decoder: Decoder, row: number) => {
          const width = decoder.model.config.vocabularySize;
          return (said.get(decoder) as Float32Array).subarray(row * width, (row + 1) * width);
        };
        return Array.from({ length: rows }, (_, row) => {
          const offset = new Float32Array(vocabularySize);
          for (const { tuned, frozen, alpha } of pairs) {
            addOffset(offset, { alpha, tuned: rowOf(tuned, row), frozen: rowOf(frozen, row) });
          }
          return { offset, frozen: rowOf((first as OffsetPair).frozen, row) };
        });
      },
      rewind: (length) => {
        for (const each of readers.values()) each.rewind(length);
      },
      dispose,
      [Symbol.dispose]: dispose,
    };
  }
  return {
    contextLength: Math.min(...models.map(({ model }) => model.config.maxPositions)),
    vocabularySize,
    reader,
  };
}
