// What is wrong with prompts, told before anything is computed.

import { ModelError } from "../core/errors.ts";
import type { Model } from "../models/model.ts";

/**
 * Checks that a model can read the prompts.
 * @throws ModelError for an empty prompt, one longer than the model's positions, or a token outside its vocabulary.
 */
export function checkPrompts({ config, source, softTokens = 0 }: Model, prompts: readonly Int32Array[]): void {
  const { maxPositions, vocabularySize } = config;
  prompts.forEach((prompt, index) => {
    const name = `prompt ${index + 1} of ${prompts.length}`;
    if (prompt.length === 0) {
      throw new ModelError(`${name} is empty`, { hint: "Begin with the tokenizer's start token." });
    }
    if (prompt.length > maxPositions) {
      throw new ModelError(`${name} has ${prompt.length} tokens, ${source} knows ${maxPositions} positions`, {
        hint: "Shorten the prompt, or use a model with a longer context.",
      });
    }
    const foreign = prompt.find((id) => id < 0 || id >= vocabularySize + softTokens);
    if (foreign !== undefined) {
      throw new ModelError(`${name} has token ${foreign}, ${source} knows tokens 0 to ${vocabularySize - 1}`, {
        hint: "The tokenizer does not belong to this model.",
      });
    }
  });
}
