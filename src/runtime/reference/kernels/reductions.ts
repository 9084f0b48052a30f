// Folding axes, and the soft versions over the last one.

import { sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { at, broadcastOffsets, type Dense, type Numbers, rowsOf } from "../dense.ts";
import type { Kernel } from "../kernel.ts";

/** Which element of the result each element of the input falls into. */
function targets(x: Dense, node: Tensor): Int32Array {
  const axes = node.attributes.axes as readonly number[];
  return broadcastOffsets(
    x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)),
    x.shape,
  );
}

const addUp = (result: Numbers, x: Dense, node: Tensor): void => {
  const { data } = x;
  targets(x, node).forEach((target, i) => {
    result[target] = at(result, target) + at(data, i);
  });
};

const mean: Kernel = (result, [x], node) => {
  addUp(result, x as Dense, node);
  const n = (x as Dense).data.length / sizeOf(node.shape);
  for (let i = 0; i < result.length; i++) result[i] = at(result, i) / n;
};

const max: Kernel = (result, [x], node) => {
  const { data } = x as Dense;
  result.fill(-Infinity);
  targets(x as Dense, node).forEach((target, i) => {
    result[target] = Math.max(at(result, target), at(data, i));
  });
};

/** f gives the result's numbers for each row of the last axis. */
const perRow =
  (f: (row: Numbers) => ArrayLike<number>): Kernel =>
  (result, [x]) => {
    const { count, row } = rowsOf(x as Dense);
    for (let i = 0; i < count; i++) {
      const values = f(row(i));
      result.set(values, i * values.length);
    }
  };

const largestOf = (row: Numbers): number => (row as Float64Array).reduce((a, b) => Math.max(a, b), -Infinity);

function logSumExp(row: Numbers): number {
  const largest = largestOf(row);
  let total = 0;
  for (const value of row) total += Math.exp(value - largest);
  return largest + Math.log(total);
}

export const reductionKernels = {
  sum: (result, [x], node) => addUp(result, x as Dense, node),
  mean,
  max,
  softmax: perRow((row) => {
    const normaliser = logSumExp(row);
    return row.map((value) => Math.exp(value - normaliser));
  }),
  logSoftmax: perRow((row) => {
    const normaliser = logSumExp(row);
    return row.map((value) => value - normaliser);
  }),
  logSumExp: perRow((row) => [logSumExp(row)]),
  argmax: perRow((row) => [row.indexOf(largestOf(row))]),
} satisfies Record<string, Kernel>;
