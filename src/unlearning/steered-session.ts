// A model with finished offsets added to it, opened so that it is measured like any other: rows and written answers are the sum's.
// Knows nothing of how the offsets were learned.

import { createDecoder } from "../generation/index.ts";
import { hashWeights } from "../models/weights-hash.ts";
import { createEnsembleDecoder, type LogitSource, type OffsetPair, openOffsets } from "../steering/index.ts";
import { createLocalSource } from "../steering/local-source.ts";
import { createSteeredRows, withOffset } from "../steering/steered-rows.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";

/** A session that only measures. */
export type SteeredSession = Pick<Session, "model" | "tokenizer" | "tokenizerFolder" | "encoding" | "steers"> &
  Disposable;

/**
 * @param folders run folders of scope `offset`; their offsets add up
 * @param alpha in place of each run's own; 0 leaves the model as it is
 * @throws LetheError when one of them cannot be opened or belongs to another vocabulary
 */
export async function openSteeredSession(
  name: string,
  folders: readonly [string, ...string[]],
  { alpha, ...options }: SessionOptions & { readonly alpha?: number | undefined },
): Promise<SteeredSession> {
  const opened: Disposable[] = [];
  const dispose = () => {
    for (const each of opened.splice(0).reverse()) each[Symbol.dispose]();
  };
  try {
    const steered = await openSession(name, options);
    opened.push(steered);
    const { backend, tokenizer, tokenizerFolder, model } = steered;
    const sha256 = await hashWeights(model);
    const { report, signal } = options;
    const offsets = await openOffsets(folders, { backend, tokenizer, name, sha256, alpha, report, signal });
    opened.push(offsets);
    const [last, ...others] = offsets.pairs.toReversed() as [OffsetPair, ...OffsetPair[]];
    let source: Pick<LogitSource, "rows"> = createLocalSource(model, { name });
    for (const { tuned, frozen, alpha: share } of others) {
      source = withOffset(source, { tuned: tuned.model, frozen: frozen.model, alpha: share });
    }
    const steering = createSteeredRows({ source, frozen: last.frozen.model, alpha: last.alpha });
    const contexts = [model, ...offsets.pairs.flatMap((pair) => [pair.tuned.model, pair.frozen.model])];
    const contextLength = Math.min(...contexts.map(({ config }) => config.maxPositions));
    return {
      model: { ...last.tuned.model, source: `${name} steered by ${folders.join(" and ")}`, steering },
      tokenizer,
      tokenizerFolder,
      encoding: { ...steered.encoding, contextLength },
      steers: {
        session: steered,
        decoder: () => {
          const big = createDecoder(model);
          return { ...createEnsembleDecoder(big, offsets.pairs), [Symbol.dispose]: () => big.dispose() };
        },
      },
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
