// What is asked for beforehand is all that training will look at.

import { expect, test } from "vitest";
import type { Sequence } from "../data/batching.ts";
import type { TokenBatch } from "../models/stage-runner.ts";
import { add } from "../tensor/index.ts";
import type { Loss } from "./loss.ts";
import { assembleLossBatch, type BranchBatch } from "./loss-batch.ts";
import { lossRows } from "./loss-rows.ts";
import { selectRows } from "./row-selection.ts";

/** No two have a token in common. */
const example = (length: number, i: number): Sequence => ({
  ids: Int32Array.from({ length }, (_, t) => 100 * (i + 1) + t),
  labels: Int32Array.from({ length }, (_, t) => (t < 2 ? -100 : t)),
});
// More than are put together at once: the shortest come without the longest.
const retain = [9, 7, 5, ...new Array<number>(37).fill(4)].map(example);
const forget = [6, 3, 20].map((length, i) => example(length, 50 + i));

const loss: Loss = {
  name: "ascent with divergence",
  branches: ["forget", "retain"],
  terms: (branches) => {
    const kl = branches.retain.meanOf("kl-to-reference", "positions");
    return { loss: add(branches.forget.meanNll(), kl), terms: { kl } };
  },
};

/** The text before each row. */
const textsAt = ({ ids, seq }: TokenBatch, rows: Int32Array) =>
  Array.from(rows, (row) => ids.slice(row - (row % seq), row + 1).join(" "));

test("a row of any batch, padding included, was among them, whatever the example stands beside", () => {
  const padding = { padId: 30 };
  const beforehand = new Set(
    [...lossRows(loss, { forget, retain }, padding)].flatMap((of) => textsAt(of.tokens, of.rows)),
  );
  const pairs = [
    [0, 0, 39],
    [2, 39, 1],
    [1, 39, 38],
  ] as const;
  for (const [f, ...r] of pairs) {
    const sides = {
      forget: [{ example: forget[f] as Sequence, index: f }],
      retain: r.map((index) => ({ example: retain[index] as Sequence, index })),
    };
    const batch = assembleLossBatch(sides, undefined, padding);
    const asked = [
      selectRows(batch.branches.forget as BranchBatch, "labelled").rows,
      selectRows(batch.branches.retain as BranchBatch, "positions").rows,
    ].flatMap((rows) => textsAt(batch.tokens, rows));
    expect(asked.filter((text) => !beforehand.has(text))).toEqual([]);
  }
});
