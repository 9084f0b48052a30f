// The small model of an offset, opened beside the model that it steers, so that a run trains it like any other: its logits stand for the sum's.
// Knows neither loss nor plan.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createDecoder } from "../../generation/index.ts";
import { loadModel } from "../../models/load.ts";
import { hashWeights } from "../../models/weights-hash.ts";
import { createEnsembleDecoder, hashVocabulary, refuseOtherVocabulary, writeOffset } from "../../steering/index.ts";
import { createLocalSource } from "../../steering/local-source.ts";
import { type LogitStore, mebibytes, openLogitStore } from "../../steering/logit-store.ts";
import { createSteeredRows } from "../../steering/steered-rows.ts";
import { lossRows } from "../../training/loss-rows.ts";
import { openSession, type Session, type Steers } from "../session.ts";
import type { SteeringStart } from "./scope.ts";

export interface OffsetStart extends SteeringStart {
  /** Mo */
  readonly small: string;
  readonly alpha: number;
  /** Folder that keeps rows from run to run. */
  readonly store: string | undefined;
}

/** Of the run folder; it goes when the run is done. */
const ownStore = "logits";

/** @throws LetheError when one of the two cannot be opened, or they speak of different tokens */
export async function openOffsetSession({ model: name, options, folder, ...pair }: OffsetStart): Promise<Session> {
  const steered = await openSession(name, options);
  const opened: Disposable[] = [steered];
  const dispose = () => {
    for (const each of opened.splice(0).reverse()) each[Symbol.dispose]();
  };
  try {
    const small = await openSession(pair.small, { ...options, adapter: undefined });
    opened.push(small);
    refuseOtherVocabulary({ name, tokenizer: steered.tokenizer }, { name: pair.small, tokenizer: small.tokenizer });
    const frozen = loadModel(small.modelFolder as string, small.backend);
    opened.push(frozen);
    const identity = {
      model: await hashWeights(steered.model),
      frozen: await hashWeights(frozen),
      vocabularySize: frozen.config.vocabularySize,
      hiddenSize: frozen.config.embeddingSize,
    };
    const source = createLocalSource(steered.model, { name });
    opened.push(source);
    let store: LogitStore | undefined;
    const storeFolder = pair.store ?? join(folder, ownStore);
    const rows = createSteeredRows({ source, frozen, alpha: pair.alpha, store: () => store });
    const model = { ...small.model, source: `${name} steered by ${small.model.source}`, steering: rows };

    const steers: Steers = {
      session: steered,
      decoder: () => {
        const own = [steered.model, frozen, small.model].map((each) => createDecoder(each));
        const [big, before, tuned] = own as [(typeof own)[0], (typeof own)[0], (typeof own)[0]];
        const release = () => {
          for (const each of own) each.dispose();
        };
        const ensemble = createEnsembleDecoder(big, [{ tuned, frozen: before, alpha: pair.alpha }]);
        return { ...ensemble, [Symbol.dispose]: release };
      },
      prepare: async (loss, examples, { padding, report, signal }) => {
        if (!store) {
          store = openLogitStore(storeFolder, identity);
          opened.push(store);
        }
        const wanted = () => lossRows(loss, examples, padding);
        const missing = rows.missing(wanted());
        if (missing === 0) return;
        const size = mebibytes(missing * store.rowBytes);
        report({
          type: "note",
          text: `what ${name} says at ${missing} places of the training text is asked for once and kept: ${size} in ${storeFolder}`,
          reason: `${store.rowBytes} bytes a place: its logits in float16, and the small model's hidden state in float32; ${store.size} places are there already`,
        });
        store.reserve(missing);
        const phase = "ask steered model";
        const started = performance.now();
        report({ type: "phase-start", phase, total: missing, unit: "places" });
        await rows.keep(wanted(), {
          signal,
          progress: (done) => report({ type: "phase-progress", phase, done, total: missing, unit: "places" }),
        });
        report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
      },
      describe: (runFolder) =>
        writeOffset(runFolder, {
          alpha: pair.alpha,
          small: { path: pair.small, sha256: identity.frozen },
          model: { name, sha256: identity.model },
          vocabulary: hashVocabulary(steered.tokenizer),
        }),
      finish: async () => {
        store?.dispose();
        store = undefined;
        if (pair.store === undefined) await rm(storeFolder, { recursive: true, force: true });
      },
    };
    const contextLength = Math.min(steered.model.config.maxPositions, small.model.config.maxPositions);
    return {
      ...small,
      model,
      tokenizer: steered.tokenizer,
      tokenizerFolder: steered.tokenizerFolder,
      encoding: { ...steered.encoding, contextLength },
      steers,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
