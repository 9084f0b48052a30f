// How much of each answer no answer before it has said, in pairs of neighbouring words.

import { wordsOf } from "../metrics/words.ts";
import { answerCount } from "./generated.ts";
import type { InputSource } from "./source.ts";

export const novelty: InputSource<"novelty"> = {
  missing: (context) => (answerCount(context) === 0 ? "nothing is generated for it: add `generate: true`" : undefined),
  prepare: () => ({
    sequences: new Map(),
    measure: async (_seen, { answers }) => {
      const said = new Set<string>();
      return (await answers()).map(({ generated }) => {
        const words = wordsOf(generated);
        const pairs = words.slice(1).map((word, i) => `${words[i]} ${word}`);
        const before = said.size;
        for (const pair of pairs) said.add(pair);
        return { fresh: said.size - before, pairs: pairs.length };
      });
    },
  }),
};
