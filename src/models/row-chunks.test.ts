// Rows on their way into programs.

import { expect, test } from "vitest";
import { createReferenceBackend } from "../runtime/reference/index.ts";
import { chunkInputs } from "./row-chunks.ts";

test.each([
  [128, [28, 5, 127]],
  [30, [0, 5, 29]],
])(
  "in a vocabulary of %d the labels −100, 5, −1 are %j: a missing label counts from the end, as released code has it",
  async (vocabulary, expected) => {
    const backend = createReferenceBackend();
    const rows = { rows: Int32Array.of(0, 1, 2), labels: Int32Array.of(-100, 5, -1) };
    using made = chunkInputs(backend, { rows }, { start: 0, end: 3, size: 3 }, vocabulary);
    const { labels } = made.inputs;
    expect(labels && [...(await backend.read(labels))]).toEqual(expected);
  },
);
