// Reading and adding by index. An index out of range is an error here, so that the fast backends never meet one in tests.

import { RuntimeFailure } from "../../../core/errors.ts";
import { at, type Dense, rowsOf } from "../dense.ts";
import type { Kernel } from "../kernel.ts";

function indexAt(op: string, indices: Dense, i: number, n: number): number {
  const index = at(indices.data, i);
  if (index < 0 || index >= n)
    throw new RuntimeFailure(`${op}: index ${index} at position ${i} is outside 0 … ${n - 1}`);
  return index;
}

const gather: Kernel = (result, inputs) => {
  const [table, indices] = inputs as [Dense, Dense];
  const rows = table.shape[0] as number;
  const width = table.data.length / rows;
  for (let i = 0; i < indices.data.length; i++) {
    const from = indexAt("gather", indices, i, rows) * width;
    result.set(table.data.subarray(from, from + width), i * width);
  }
};

const scatterAddRows: Kernel = (result, inputs, { shape }) => {
  const [indices, updates] = inputs as [Dense, Dense];
  const rows = shape[0] as number;
  const width = result.length / rows;
  for (let i = 0; i < indices.data.length; i++) {
    const to = indexAt("scatterAddRows", indices, i, rows) * width;
    for (let j = 0; j < width; j++) result[to + j] = at(result, to + j) + at(updates.data, i * width + j);
  }
};

const pick: Kernel = (result, inputs) => {
  const [x, indices] = inputs as [Dense, Dense];
  const { width, row } = rowsOf(x);
  for (let i = 0; i < result.length; i++) result[i] = at(row(i), indexAt("pick", indices, i, width));
};

const addAtPicked: Kernel = (result, inputs) => {
  const [x, indices, updates] = inputs as [Dense, Dense, Dense];
  const { count, width } = rowsOf(x);
  result.set(x.data);
  for (let i = 0; i < count; i++) {
    const to = i * width + indexAt("addAtPicked", indices, i, width);
    result[to] = at(result, to) + at(updates.data, i);
  }
};

export const indexingKernels = { gather, scatterAddRows, pick, addAtPicked } satisfies Record<string, Kernel>;
