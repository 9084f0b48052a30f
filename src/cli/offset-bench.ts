// What the measurements of a learned offset need: the run's M and pair opened, and records to look at. Knows nothing of what is measured.

import { ConfigError } from "../core/errors.ts";
import type { DataRecord } from "../data/record.ts";
import { createDecoder, type Decoder } from "../generation/index.ts";
import { hashWeights } from "../models/weights-hash.ts";
import { type OffsetPair, openOffset, openOffsets } from "../steering/index.ts";
import { openSession, type Session } from "../unlearning/index.ts";
import { readSources } from "../unlearning/session.ts";
import type { Call } from "./command.ts";

export interface OffsetBenchOptions {
  readonly offset?: string;
  readonly data?: string;
  /** Most records looked at. */
  readonly limit: number;
}

export interface OffsetBench extends Disposable {
  /** M's. */
  readonly session: Session;
  /** M's. */
  readonly decoder: Decoder;
  readonly pair: OffsetPair;
  /** The first ones of the file. */
  readonly records: readonly DataRecord[];
  /** Where they are from, for messages. */
  readonly source: string;
}

/** @throws ConfigError when the run or the file is not named, or the run's M was behind an address; as `openOffset`, `openSession` and `readSources` */
export async function openOffsetBench(
  what: string,
  { options: { offset, data, limit }, report, signal }: Pick<Call<OffsetBenchOptions>, "options" | "report" | "signal">,
): Promise<OffsetBench> {
  if (offset === undefined || data === undefined) {
    throw new ConfigError(`${what} is measured with a run and text`, {
      hint: "Give --offset <run folder of scope offset> and --data <file of questions and answers>.",
      place: { key: offset === undefined ? "--offset" : "--data" },
    });
  }
  const { steered, model: learnedFor } = openOffset(offset);
  if (learnedFor.sha256 === undefined) {
    throw new ConfigError(
      `${what} is measured with the weights of the steered model, and "${learnedFor.name}", which ${offset} was learned for, was behind an address`,
      {
        hint: "Give a run whose model is here: its configuration has no scope.source.",
        place: { key: "--offset" },
      },
    );
  }
  const { records } = await readSources(data, signal);
  const owned: Disposable[] = [];
  const dispose = () => {
    for (const each of owned.splice(0).reverse()) each[Symbol.dispose]();
  };
  try {
    const session = await openSession(steered, { device: "cpu", encoding: {}, report, signal });
    owned.push(session);
    const { backend, tokenizer, model } = session;
    const sha256 = await hashWeights(model);
    const offsets = await openOffsets([offset], { backend, tokenizer, name: steered, sha256, report, signal });
    owned.push(offsets);
    const [pair] = offsets.pairs;
    if (!pair) throw new Error("a run holds one offset");
    const decoder = createDecoder(model);
    owned.push(decoder);
    return { session, decoder, pair, records: records.slice(0, limit), source: data, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
