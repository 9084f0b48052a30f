// Fictional people as a data set: a small YAML file says which, the generator makes them, a split is one of its sets. Nothing is stored.

import { parseConfig } from "../../core/config.ts";
import { DataError } from "../../core/errors.ts";
import { fictionalPeopleConfig, generateFictionalPeople } from "../fictional-people/generate.ts";
import { peopleSets } from "../fictional-people/write.ts";
import type { RecordFormat } from "./format.ts";

export const fictionalPeople: RecordFormat = {
  name: "fictional-people",
  splits: true,
  expected: "expected YAML with `generator: fictional-people`",
  recognise: ({ path, json }) =>
    !json && /\.ya?ml$/.test(path) ? "a YAML file, which describes generated data" : undefined,
  async *read(file, { split }) {
    const { value } = parseConfig(fictionalPeopleConfig, { text: await file.whole(), file: file.path });
    const set = split === undefined ? undefined : peopleSets[split as keyof typeof peopleSets];
    if (!set) {
      throw new DataError(
        split === undefined ? "generated data have sets: name one" : `no set "${split}" in the generated data`,
        {
          hint: `Give split: one of ${Object.keys(peopleSets).join(", ")}.`,
          place: { file: file.path },
        },
      );
    }
    const { generator: _, ...options } = value;
    yield* set.records(generateFictionalPeople(options));
  },
};
