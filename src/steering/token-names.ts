// Ids of the names that servers give tokens: "token_id:17", or the token's text. Knows one tokenizer.

import { RuntimeFailure } from "../core/errors.ts";
import type { Tokenizer } from "../text/index.ts";
import type { TokenNames } from "./http-dialect.ts";

/** Texts that several tokens have are no names: a wrong id would be a wrong answer. */
export function tokenNames(
  { vocabularySize, tokenOf, decode }: Pick<Tokenizer, "vocabularySize" | "tokenOf" | "decode">,
  server: string,
): TokenNames {
  let byText: Map<string, number | undefined> | undefined;

  function readVocabulary(): Map<string, number | undefined> {
    const found = new Map<string, number | undefined>();
    for (let id = 0; id < vocabularySize; id++) {
      const token = tokenOf(id);
      if (token === undefined) continue;
      // As stored, as its text alone, and with its leading space, which decoding a single token drops.
      for (const name of new Set([token, decode([id]), token.replace(/^[Ġ▁]/, " ")])) {
        found.set(name, found.has(name) && found.get(name) !== id ? undefined : id);
      }
    }
    return found;
  }

  return {
    idOf(name) {
      const id = /^token_id:(\d+)$/.exec(name)?.[1];
      if (id !== undefined) return Number(id);
      byText ??= readVocabulary();
      const known = byText.get(name);
      if (known !== undefined) return known;
      const how = byText.has(name)
        ? "which several tokens of the tokenizer have"
        : "which no token of the tokenizer has";
      throw new RuntimeFailure(`${server} named a token ${JSON.stringify(name)}, ${how}`, {
        hint: "A server that names tokens by id (vLLM, llama.cpp, lethe serve) leaves no doubt.",
      });
    },
  };
}
