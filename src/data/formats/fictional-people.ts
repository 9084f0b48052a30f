// Fictional people as a data set: a small YAML file says which, the generator makes them, a split is one of its sets. Nothing is stored.

import { parseConfig } from "../../core/config.ts";
import { DataError, LetheError } from "../../core/errors.ts";
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
    const { generator: _, ...options } = readDescription(await file.whole(), file.path);
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
    yield* set.records(generateFictionalPeople(options));
  },
};

const LARGEST = 64 * 1024;

/** What is wrong in a data file is a DataError, whoever reads it. */
function readDescription(text: string, file: string) {
  if (text.length > LARGEST) {
    throw new DataError(`a description of generated data has at most ${LARGEST} characters, this file ${text.length}`, {
      hint: "Is this the right file?",
      place: { file },
    });
  }
  try {
    return parseConfig(fictionalPeopleConfig, { text, file }).value;
  } catch (error) {
    if (!LetheError.isInstance(error)) throw error;
    const { message, hint, place } = error;
    throw new DataError(message, {
      ...(hint === undefined ? {} : { hint }),
      ...(place === undefined ? {} : { place }),
      cause: error,
    });
  }
}
