// Run folders of offsets opened for use: the pairs' models, checked against what the runs say of them. A small model that several began from is opened
// once. Knows no text.

import { ModelError } from "../core/errors.ts";
import type { Reporter } from "../core/events.ts";
import { createDecoder, type Decoder } from "../generation/index.ts";
import { loadModel } from "../models/load.ts";
import type { Model } from "../models/model.ts";
import { hashWeights } from "../models/weights-hash.ts";
import type { Backend } from "../runtime/backend.ts";
import { loadTokenizer, type Tokenizer } from "../text/index.ts";
import { resolveModel } from "../weights/index.ts";
import { type OffsetFolder, openOffset } from "./offset-folder.ts";
import type { OffsetPair } from "./offset-reader.ts";
import { hashVocabulary, refuseOtherVocabulary } from "./vocabulary.ts";

export interface OpenedOffsets extends Disposable {
  readonly pairs: readonly OffsetPair[];
  dispose(): void;
}

export interface OpenOffsetsOptions {
  readonly backend: Backend;
  /** Of M. */
  readonly tokenizer: Pick<Tokenizer, "vocabularySize" | "tokenOf">;
  /** M, for messages. */
  readonly name: string;
  /** SHA-256 of M's weights, where they can be read. */
  readonly sha256?: string | undefined;
  /** In place of each run's own α. */
  readonly alpha?: number | undefined;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param folders run folders of scope `offset`; their offsets are added
 * @throws ModelError for a folder that holds no offset, one of another vocabulary, or a small model that is no longer what the run began from
 */
export async function openOffsets(folders: readonly string[], options: OpenOffsetsOptions): Promise<OpenedOffsets> {
  const { backend, tokenizer, name, sha256, alpha, report, signal } = options;
  const offsets = folders.map(openOffset);
  const owned: (Decoder | Model)[] = [];
  const dispose = () => {
    for (const each of owned.splice(0).reverse()) each.dispose();
  };
  const open = (folder: string): Decoder => {
    const model = loadModel(folder, backend);
    owned.push(model);
    const decoder = createDecoder(model);
    owned.push(decoder);
    return decoder;
  };
  const frozen = new Map<string, Decoder>();
  const pairs: OffsetPair[] = [];
  try {
    for (const offset of offsets) {
      refuseOther(offset, { name, tokenizer });
      if (sha256 !== undefined && offset.model.sha256 !== undefined && offset.model.sha256 !== sha256) {
        report({
          type: "warning",
          text: `${offset.path} was learned for ${offset.model.name}, whose weights are others than those of ${name}.`,
          hint: "What it does to this model has not been measured.",
        });
      }
      const { path, sha256: begun } = offset.small;
      let before = frozen.get(begun);
      if (!before) {
        before = open((await resolveModel(offset.frozen, { signal })).path);
        if ((await hashWeights(before.model)) !== begun) {
          throw new ModelError(
            `${path} is no longer the small model that ${offset.path} began from: its weights are others`,
            {
              hint: "Their difference is the offset: put back the model that was named as scope.small.",
              place: { file: offset.frozen },
            },
          );
        }
        frozen.set(begun, before);
      }
      pairs.push({ tuned: open(offset.tuned), frozen: before, alpha: alpha ?? offset.alpha });
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { pairs, dispose, [Symbol.dispose]: dispose };
}

function refuseOther(offset: OffsetFolder, { name, tokenizer }: Pick<OpenOffsetsOptions, "name" | "tokenizer">): void {
  if (hashVocabulary(tokenizer) === offset.vocabulary) return;
  // The pair's tokenizer says which ids differ.
  refuseOtherVocabulary({ name, tokenizer }, { name: offset.path, tokenizer: loadTokenizer(offset.tuned) });
  throw new ModelError(`${offset.path} was learned with other tokens than those of ${name}`, {
    hint: "Logits are added id by id: a pair steers only a model with the very same tokenizer.",
    place: { file: offset.path },
  });
}
