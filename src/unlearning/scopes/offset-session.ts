// The small model of an offset, opened beside the model that it steers, so that a run trains it like any other: its logits stand for the sum's.
// Knows neither loss nor plan.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../core/errors.ts";
import { createDecoder } from "../../generation/index.ts";
import { loadModel } from "../../models/load.ts";
import { hashWeights } from "../../models/weights-hash.ts";
import {
  createEnsembleDecoder,
  type HttpSourceConfig,
  hashVocabulary,
  type LogitSource,
  openHttpSource,
  refuseOtherVocabulary,
  writeOffset,
} from "../../steering/index.ts";
import { createLocalSource } from "../../steering/local-source.ts";
import { type LogitStore, mebibytes, openLogitStore } from "../../steering/logit-store.ts";
import { createSteeredRows } from "../../steering/steered-rows.ts";
import { lossRows } from "../../training/loss-rows.ts";
import { openSession, type Session, type SessionOptions, type Steers } from "../session.ts";
import type { SteeringStart } from "./scope.ts";

export interface OffsetStart extends SteeringStart {
  /** Mo */
  readonly small: string;
  readonly alpha: number;
  /** Folder that keeps rows from run to run. */
  readonly store: string | undefined;
  /** Where M is asked when it is not here; it is called there what the run calls it. */
  readonly source?: Omit<HttpSourceConfig, "model"> | undefined;
}

/** Of the run folder; it goes when the run is done. */
const ownStore = "logits";

/** M as a run needs it, wherever it is. */
interface SteeredSide {
  readonly source: LogitSource;
  readonly tokenizer: Session["tokenizer"];
  readonly tokenizerFolder: string;
  /** What rows of it are kept under. */
  readonly identity: string;
  /** Of its weights, where they are here. */
  readonly sha256: string | undefined;
  /** Where it is here. */
  readonly session: Session | undefined;
}

async function openHere(name: string, options: SessionOptions, owned: Disposable[]): Promise<SteeredSide> {
  const session = await openSession(name, options);
  owned.push(session);
  const source = createLocalSource(session.model, { name });
  owned.push(source);
  const sha256 = await hashWeights(session.model);
  const { tokenizer, tokenizerFolder } = session;
  return { source, tokenizer, tokenizerFolder, identity: sha256, sha256, session };
}

/** Behind an address it tells no tokens' names: that its ids mean what the small model's do is taken from whoever names the pair, and each answer is checked. */
async function openThere(
  name: string,
  config: Omit<HttpSourceConfig, "model">,
  { tokenizer, tokenizerFolder }: Session,
  { signal }: SessionOptions,
): Promise<SteeredSide> {
  const source = await openHttpSource({ ...config, model: name }, { tokenizer, signal });
  const identity = JSON.stringify([config.url, name, config.top]);
  return { source, tokenizer, tokenizerFolder, identity, sha256: undefined, session: undefined };
}

const notHere = (name: string, what: string) =>
  new ConfigError(`"${name}" is behind an address, and ${what} needs its weights here`, {
    hint: "Give the model's folder and leave scope.source out, or leave out what asks for it.",
    place: { key: "scope.source" },
  });

/** @throws LetheError when one of the two cannot be opened, or they speak of different tokens */
export async function openOffsetSession({ model: name, options, folder, ...pair }: OffsetStart): Promise<Session> {
  const opened: Disposable[] = [];
  const dispose = () => {
    for (const each of opened.splice(0).reverse()) each[Symbol.dispose]();
  };
  try {
    const here = pair.source ? undefined : await openHere(name, options, opened);
    const small = await openSession(pair.small, { ...options, adapter: undefined });
    opened.push(small);
    const steered = here ?? (await openThere(name, pair.source as NonNullable<typeof pair.source>, small, options));
    refuseOtherVocabulary({ name, tokenizer: steered.tokenizer }, { name: pair.small, tokenizer: small.tokenizer });
    const frozen = loadModel(small.modelFolder as string, small.backend);
    opened.push(frozen);
    const identity = {
      model: steered.identity,
      frozen: await hashWeights(frozen),
      vocabularySize: frozen.config.vocabularySize,
      hiddenSize: frozen.config.embeddingSize,
    };
    const { source } = steered;
    let store: LogitStore | undefined;
    const storeFolder = pair.store ?? join(folder, ownStore);
    const sum = { source, frozen, alpha: pair.alpha };
    const rows = createSteeredRows({ ...sum, store: () => store });
    const model = { ...small.model, source: `${name} steered by ${small.model.source}`, steering: rows };

    const steers: Steers = {
      get session() {
        if (!steered.session) throw notHere(name, "a source or objective that lets it write text");
        return steered.session;
      },
      decoder: () => {
        if (!steered.session) throw notHere(name, "a measure of generated text");
        const own = [steered.session.model, frozen, small.model].map((each) => createDecoder(each));
        const [big, before, tuned] = own as [(typeof own)[0], (typeof own)[0], (typeof own)[0]];
        const release = () => {
          for (const each of own) each.dispose();
        };
        const ensemble = createEnsembleDecoder(big, [{ tuned, frozen: before, alpha: pair.alpha }]);
        return { ...ensemble, [Symbol.dispose]: release };
      },
      training: {
        measured: { ...model, steering: createSteeredRows(sum) },
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
            model: { name, ...(steered.sha256 === undefined ? {} : { path: name, sha256: steered.sha256 }) },
            vocabulary: hashVocabulary(steered.tokenizer),
          }),
        finish: async () => {
          store?.dispose();
          store = undefined;
          if (pair.store === undefined) await rm(storeFolder, { recursive: true, force: true });
        },
      },
    };
    const contextLength = Math.min(source.contextLength, small.model.config.maxPositions);
    return {
      ...small,
      model,
      tokenizer: steered.tokenizer,
      tokenizerFolder: steered.tokenizerFolder,
      encoding: { ...(steered.session ?? small).encoding, contextLength },
      steers,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
