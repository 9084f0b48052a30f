// Matrix products as three loops.

import { dimension } from "../../../tensor/shape.ts";
import { at, broadcastOffsets, type Dense, type Numbers } from "../dense.ts";
import type { Kernel } from "../kernel.ts";

/** A matrix inside a larger array. */
interface Matrix {
  readonly data: Numbers;
  readonly start: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** result[start …] = alpha · a · b, with a [m, k] and b [k, n]. */
function multiply(
  result: Numbers,
  start: number,
  a: Matrix,
  b: Matrix,
  [m, k, n]: readonly [number, number, number],
  alpha = 1,
) {
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = alpha * at(a.data, a.start + i * a.rowStride + p * a.columnStride);
      for (let j = 0; j < n; j++) {
        const to = start + i * n + j;
        result[to] = at(result, to) + factor * at(b.data, b.start + p * b.rowStride + j * b.columnStride);
      }
    }
  }
}

const matrix = ({ data, shape }: Dense, start: number, transposed: boolean): Matrix => {
  const columns = dimension(shape, -1);
  return { data, start, rowStride: transposed ? 1 : columns, columnStride: transposed ? columns : 1 };
};

const matmul: Kernel = (result, inputs, { shape }) => {
  const [a, b] = inputs as [Dense, Dense];
  const [m, k, n] = [dimension(a.shape, -2), dimension(a.shape, -1), dimension(b.shape, -1)];
  const batch = shape.slice(0, -2);
  const [as, bs] = [a, b].map((x) => broadcastOffsets(x.shape.slice(0, -2), batch)) as [Int32Array, Int32Array];
  as.forEach((place, i) => {
    const right = matrix(b, (bs[i] as number) * k * n, false);
    multiply(result, i * m * n, matrix(a, place * m * k, false), right, [m, k, n]);
  });
};

const gemm: Kernel = (result, inputs, { shape, attributes }) => {
  const [a, b, c] = inputs as [Dense, Dense, Dense?];
  const [m, n] = shape as [number, number];
  if (c)
    broadcastOffsets(c.shape, shape).forEach((from, i) => {
      result[i] = at(c.data, from);
    });
  const k = dimension(a.shape, attributes.transA ? 0 : 1);
  const factors = [matrix(a, 0, attributes.transA === true), matrix(b, 0, attributes.transB === true)] as const;
  multiply(result, 0, ...factors, [m, k, n], attributes.alpha as number);
};

export const linearAlgebraKernels = { matmul, gemm } satisfies Record<string, Kernel>;
