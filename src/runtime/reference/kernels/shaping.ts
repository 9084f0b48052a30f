// Moving elements: every op here is a choice of where each element is read or written.

import { stridesOf } from "../../../tensor/shape.ts";
import { at, broadcastOffsets, type Dense, type Numbers, stridedOffsets } from "../dense.ts";
import type { Kernel } from "../kernel.ts";

function readAt(result: Numbers, data: Numbers, offsets: Int32Array): void {
  offsets.forEach((from, i) => {
    result[i] = at(data, from);
  });
}

const transpose: Kernel = (result, [x], { shape, attributes }) => {
  const { data, shape: from } = x as Dense;
  const strides = stridesOf(from);
  const permuted = (attributes.permutation as readonly number[]).map((axis) => strides[axis] as number);
  readAt(result, data, stridedOffsets(shape, permuted));
};

/** Writes `x` into the result, beginning at index `start` of `axis`. */
function place(result: Numbers, shape: readonly number[], x: Dense, axis: number, start: number): void {
  const strides = stridesOf(shape);
  stridedOffsets(x.shape, strides, start * (strides[axis] as number)).forEach((to, i) => {
    result[to] = at(x.data, i);
  });
}

const concat: Kernel = (result, inputs, { shape, attributes }) => {
  let start = 0;
  for (const x of inputs) {
    place(result, shape, x, attributes.axis as number, start);
    start += x.shape[attributes.axis as number] as number;
  }
};

const slice: Kernel = (result, [x], { shape, attributes }) => {
  const { data, shape: from } = x as Dense;
  const strides = stridesOf(from);
  const start = (attributes.start as number) * (strides[attributes.axis as number] as number);
  readAt(result, data, stridedOffsets(shape, strides, start));
};

export const shapingKernels = {
  reshape: (result, [x]) => result.set((x as Dense).data),
  transpose,
  concat,
  slice,
  pad: (result, [x], { shape, attributes }) =>
    place(result, shape, x as Dense, attributes.axis as number, attributes.before as number),
  expand: (result, [x], { shape }) => readAt(result, (x as Dense).data, broadcastOffsets((x as Dense).shape, shape)),
} satisfies Record<string, Kernel>;
