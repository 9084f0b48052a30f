// Matrix products. `gemm` is 2-D and takes transposed operands for free; `matmul` is batched. Flatten activations to 2-D for linear layers.

import { apply, type OpGroup } from "../op.ts";
import { broadcast, dimension, sameShape, shapeText } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { Tensor } from "../tensor.ts";
import { float, type Operand } from "./operands.ts";

export const linearAlgebraOps = {
  matmul: {
    infer: (inputs) => {
      const [a, b] = inputs as [Tensor, Tensor];
      const shapes = `${shapeText(a.shape)} · ${shapeText(b.shape)}`;
      if (a.shape.length < 2 || b.shape.length < 2) failShape("matmul", `${shapes}: both need at least 2 axes`);
      const [inner, rows] = [dimension(a.shape, -1), dimension(b.shape, -2)];
      if (inner !== rows) failShape("matmul", `${shapes}: ${inner} columns meet ${rows} rows`);
      const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
      if (!batch) failShape("matmul", `${shapes}: the leading axes do not broadcast`);
      return { shape: [...(batch ?? []), dimension(a.shape, -2), dimension(b.shape, -1)], dtype: "float32" };
    },
  },
  gemm: {
    infer: (inputs, { transA, transB }) => {
      const [a, b, c] = inputs as [Tensor, Tensor, Tensor?];
      const shapes = `${shapeText(a.shape)}${transA ? "ᵀ" : ""} · ${shapeText(b.shape)}${transB ? "ᵀ" : ""}`;
      if (a.shape.length !== 2 || b.shape.length !== 2) failShape("gemm", `${shapes}: both need exactly 2 axes`);
      const [m, k] = (transA ? a.shape.toReversed() : a.shape) as [number, number];
      const [rows, n] = (transB ? b.shape.toReversed() : b.shape) as [number, number];
      if (k !== rows) failShape("gemm", `${shapes}: ${k} columns meet ${rows} rows`);
      const fits = c === undefined || sameShape(broadcast(c.shape, [m, n]) ?? [], [m, n]);
      if (!fits) failShape("gemm", `c ${shapeText(c.shape)} does not stretch to the product's ${shapeText([m, n])}`);
      return { shape: [m, n], dtype: "float32" };
    },
  },
} satisfies OpGroup;

/** a[…, m, k] · b[…, k, n] → […, m, n]; leading axes broadcast. */
export const matmul = (a: Tensor, b: Tensor): Tensor =>
  apply(linearAlgebraOps, "matmul", [float("matmul", a), float("matmul", b)]);

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
  /** Added to the product; broadcasts to [m, n]. */
  readonly c?: Operand | undefined;
}

/** alpha · op(a) · op(b) + c for matrices, op(x) = x or xᵀ → [m, n]. */
export function gemm(a: Tensor, b: Tensor, options: GemmOptions = {}): Tensor {
  const { transA = false, transB = false, alpha = 1, c } = options;
  const factors = [float("gemm", a), float("gemm", b)];
  const inputs = c === undefined ? factors : [...factors, float("gemm", c)];
  return apply(linearAlgebraOps, "gemm", inputs, { transA, transB, alpha });
}

/** x[rows, in] · w[out, in]ᵀ + bias[out] → [rows, out]: a linear layer with the weight laid out as in Hugging Face checkpoints. */
export function linear(x: Tensor, w: Tensor, bias?: Tensor): Tensor {
  const [xs, ws] = [shapeText(x.shape), shapeText(w.shape)];
  if (x.shape.length !== 2) failShape("linear", `x ${xs} needs exactly 2 axes`, "Flatten it with reshape(x, [-1, n]).");
  if (w.shape.length !== 2) failShape("linear", `w ${ws} needs exactly 2 axes [out, in]`);
  const [columns, expected] = [dimension(x.shape, 1), dimension(w.shape, 1)];
  if (columns !== expected) failShape("linear", `x ${xs} has ${columns} columns but w ${ws} expects ${expected}`);
  if (bias && !sameShape(bias.shape, [dimension(w.shape, 0)])) {
    failShape("linear", `bias ${shapeText(bias.shape)} does not fit the ${dimension(w.shape, 0)} rows of w ${ws}`);
  }
  return gemm(x, w, { transB: true, c: bias });
}
