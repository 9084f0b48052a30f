// The constant side of an ensemble for any rows of any batch: M's logits from a source, Mo's hidden states from the frozen model, both read from a store
// where they are kept. What a small model needs to stand for the sum. Knows no loss and no measure.

import { fullName, type Model, weightOf } from "../models/model.ts";
import { createStageRunner, type TokenBatch } from "../models/stage-runner.ts";
import type { Steering, SteeringRows } from "../models/steering.ts";
import { addOffset, steerRow } from "./ensemble.ts";
import { batchOf, createLocalSource } from "./local-source.ts";
import type { AskedText, LogitSource, RowDistribution } from "./logit-source.ts";
import { type LogitStore, rowKeys } from "./logit-store.ts";
import { completeRow } from "./tail.ts";
import { LOWEST_LOGIT } from "./vocabulary.ts";

export interface SteeredRowsOptions {
  /** M */
  readonly source: Pick<LogitSource, "rows">;
  /** Mo */
  readonly frozen: Model;
  readonly alpha: number;
  /** Where rows are kept, as soon as there is such a place. */
  readonly store?: () => LogitStore | undefined;
}

/** Rows of a batch that are to be kept, as they will be asked for. */
export interface RowsToKeep {
  readonly tokens: TokenBatch;
  readonly rows: Int32Array;
}

export interface SteeredRows extends Steering {
  /** Rows of these that the store does not hold yet, each counted once. */
  missing(batches: Iterable<RowsToKeep>): number;
  /** Asks for what the store lacks. @throws as the source does; what was answered until then is kept */
  keep(batches: Iterable<RowsToKeep>, options?: KeepOptions): Promise<void>;
}

export interface KeepOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the rows added so far. */
  readonly progress?: (rows: number) => void;
}

/** A row that is wanted: its text, position, and place in the result. */
interface Wanted {
  readonly sequence: number;
  readonly position: number;
  readonly key: string;
  readonly place: number;
}

export function createSteeredRows({ source, frozen, alpha, ...options }: SteeredRowsOptions): SteeredRows {
  const { architecture, config } = frozen;
  const { vocabularySize: width, embeddingSize } = config;
  const runner = createStageRunner(frozen);
  const head = { kind: "head" } as const;
  const biasName = fullName(frozen, head, architecture.outputWeight.replace(/\.weight$/, ".bias"));

  /** Both sides of rows of some texts, in order. */
  async function ask(texts: readonly AskedText[], signal?: AbortSignal): Promise<SteeringRows> {
    const aborting = signal ? { signal } : {};
    const said = await source.rows(texts, signal);
    const { tokens, positions } = batchOf(texts, config.maxPositions);
    using pass = await runner.forward(tokens, aborting);
    const hidden = await runner.hiddenRows(pass, positions);
    const own = said.some(({ kind }) => kind === "top") ? await runner.logitRows(pass, positions, aborting) : undefined;
    const logits = new Float32Array(positions.length * width);
    said.forEach((row, i) => {
      const mine = () => (own as Float32Array).subarray(i * width, (i + 1) * width);
      const complete = completeRow(row, mine, width);
      // A token that cannot come stays a number: 0 · −∞ would be none.
      for (let id = 0; id < width; id++) logits[i * width + id] = Math.max(complete[id] as number, LOWEST_LOGIT);
    });
    return { logits, hidden };
  }

  const kept = () => options.store?.();
  const has = (key: string) => kept()?.has(key) === true;

  async function rows(batch: TokenBatch, asked: Int32Array, signal?: AbortSignal): Promise<SteeringRows> {
    const wanted = wantedRows(batch, asked);
    const logits = new Float32Array(asked.length * width);
    const hidden = new Float32Array(asked.length * embeddingSize);
    const at = (place: number) => ({
      logits: logits.subarray(place * width, (place + 1) * width),
      hidden: hidden.subarray(place * embeddingSize, (place + 1) * embeddingSize),
    });
    const store = kept();
    const missing = wanted.filter(({ key, place }) => !store?.read(key, at(place)));
    if (missing.length > 0) {
      const found = await ask(textsOf(batch, missing), signal);
      missing.forEach(({ place }, i) => {
        const target = at(place);
        target.logits.set(found.logits.subarray(i * width, (i + 1) * width));
        target.hidden.set(found.hidden.subarray(i * embeddingSize, (i + 1) * embeddingSize));
      });
    }
    return { logits, hidden };
  }

  return {
    alpha,
    outputWeight: weightOf(frozen, fullName(frozen, head, architecture.outputWeight)),
    outputBias: frozen.weights.get(biasName),
    rows,
    missing: (batches) => {
      const keys = new Set<string>();
      for (const { tokens, rows: asked } of batches) {
        for (const { key } of wantedRows(tokens, asked)) if (!has(key)) keys.add(key);
      }
      return keys.size;
    },
    keep: async (batches, { signal, progress } = {}) => {
      const store = kept();
      if (!store) throw new Error("there is no store to keep rows in");
      const before = store.size;
      for (const { tokens, rows: asked } of batches) {
        signal?.throwIfAborted();
        const missing = wantedRows(tokens, asked).filter(({ key }) => !has(key));
        if (missing.length === 0) continue;
        const found = await ask(textsOf(tokens, missing), signal);
        missing.forEach(({ key }, i) => {
          store.add(key, {
            logits: found.logits.subarray(i * width, (i + 1) * width),
            hidden: found.hidden.subarray(i * embeddingSize, (i + 1) * embeddingSize),
          });
        });
        progress?.(store.size - before);
      }
    },
  };
}

/** M with an offset as a source of rows: what another offset can be added to. */
export function withOffset(
  source: Pick<LogitSource, "rows">,
  { tuned, frozen, alpha }: { readonly tuned: Model; readonly frozen: Model; readonly alpha: number },
): Pick<LogitSource, "rows"> {
  const [after, before] = [createLocalSource(tuned), createLocalSource(frozen)];
  return {
    rows: async (asked, signal) => {
      const said = await source.rows(asked, signal);
      const [moved, began] = [await after.rows(asked, signal), await before.rows(asked, signal)];
      return said.map((row, i) => {
        const [own, was] = [moved[i] as FullRow, began[i] as FullRow];
        const model = completeRow(row, () => was.logits, Math.min(own.logits.length, was.logits.length));
        const offset = new Float32Array(model.length);
        addOffset(offset, { alpha, tuned: own.logits, frozen: was.logits });
        return { kind: "full", logits: steerRow(model, offset) };
      });
    },
  };
}

type FullRow = Extract<RowDistribution, { kind: "full" }>;

/** By sequence and position, as a text's positions are asked for. */
function wantedRows({ ids, seq }: TokenBatch, rows: Int32Array): Wanted[] {
  const sorted = Array.from(rows, (row, place) => ({ row, place })).sort((a, b) => a.row - b.row || a.place - b.place);
  const bySequence = new Map<number, typeof sorted>();
  for (const each of sorted) {
    const sequence = Math.floor(each.row / seq);
    bySequence.set(sequence, [...(bySequence.get(sequence) ?? []), each]);
  }
  return [...bySequence].flatMap(([sequence, list]) => {
    const text = ids.subarray(sequence * seq, (sequence + 1) * seq);
    const positions = list.map(({ row }) => row - sequence * seq);
    const keys = [...rowKeys(text, positions)];
    return list.map(({ place }, i) => ({
      sequence,
      position: positions[i] as number,
      key: keys[i] as string,
      place,
    }));
  });
}

/** The texts that rows stand in, cut behind the last one asked for: padding is no part of them. */
function textsOf({ ids, seq }: TokenBatch, wanted: readonly Wanted[]): AskedText[] {
  const positions = new Map<number, number[]>();
  for (const { sequence, position } of wanted) positions.set(sequence, [...(positions.get(sequence) ?? []), position]);
  return [...positions].map(([sequence, list]) => ({
    ids: ids.slice(sequence * seq, sequence * seq + (list.at(-1) as number) + 1),
    positions: Int32Array.from(list),
  }));
}
