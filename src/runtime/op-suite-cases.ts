// The cases of the op suite: every op of the op table and every gradient rule, each on a few small inputs. Knows no backend.

import {
  abs,
  add,
  addAtPicked,
  argmax,
  cast,
  concat,
  constant,
  cos,
  div,
  equal,
  erf,
  exp,
  expand,
  gather,
  gemm,
  greater,
  groupQueryAttention,
  less,
  linear,
  log,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pad,
  pick,
  reciprocal,
  relu,
  reshape,
  rmsNorm,
  rotary,
  scatterAddRows,
  segmentSum,
  sigmoid,
  silu,
  sin,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  squeeze,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  unsqueeze,
  where,
} from "../tensor/index.ts";
import type { OpName } from "../tensor/ops/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { distinct, given, half, type InputKind, integers, normal, positive } from "./op-suite-inputs.ts";

export interface OpCase {
  /** The op under test; the graph that `build` gives contains it. */
  readonly op: OpName;
  /** Unique: the op, and what is special about the case. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, InputKind>>;
  build(inputs: Readonly<Record<string, Tensor>>): Tensor | Readonly<Record<string, Tensor>>;
  /** Inputs to differentiate by; none when the op passes no gradient or refuses to. */
  readonly gradient: readonly string[];
  /** Largest error allowed in float32, relative to the largest number of the tensor; 10⁻⁴ when left out. */
  readonly tolerance?: number;
}

type Build<N extends string> = (inputs: Record<N, Tensor>) => Tensor | Readonly<Record<string, Tensor>>;

/** A case that is differentiated by all its float inputs unless `gradient` says otherwise. */
function opCase<N extends string>(
  op: OpName,
  detail: string,
  inputs: Readonly<Record<N, InputKind>>,
  build: Build<N>,
  options: { gradient?: readonly NoInfer<N>[]; tolerance?: number } = {},
): OpCase {
  const floats = (Object.keys(inputs) as N[]).filter((name) => inputs[name].dtype !== "int32");
  return {
    op,
    name: detail === "" ? op : `${op}: ${detail}`,
    inputs,
    build: build as OpCase["build"],
    gradient: options.gradient ?? floats,
    ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
  };
}

const none = { gradient: [] };

/** The same cases for several ops that take the same arguments. */
const each = <N extends OpName, F>(ops: Readonly<Record<N, F>>, cases: (op: N, f: F) => readonly OpCase[]): OpCase[] =>
  (Object.keys(ops) as N[]).flatMap((op) => cases(op, ops[op]));

const unary = each({ neg, exp, sigmoid, tanh, silu, softplus, erf, square }, (op, f) => [
  opCase(op, "", { x: normal([3, 7], 2) }, ({ x }) => f(x)),
]);
// GPUs give sine and cosine to 2⁻¹¹ (Vulkan specification, precision of core instructions).
const waves = each({ sin, cos }, (op, f) => [
  opCase(op, "", { x: normal([3, 7], 2) }, ({ x }) => f(x), { tolerance: 2 ** -11 }),
]);
const onPositive = each({ log, sqrt, reciprocal }, (op, f) => [
  opCase(op, "", { x: positive([3, 7]) }, ({ x }) => f(x)),
]);
const kinked = each({ abs, relu }, (op, f) => [opCase(op, "", { x: distinct([3, 7]) }, ({ x }) => f(x))]);

const binary = each({ add, sub, mul, div }, (op, f) => [
  opCase(op, "same shape", { a: normal([3, 4]), b: positive([3, 4]) }, ({ a, b }) => f(a, b)),
  opCase(op, "row and column", { a: normal([2, 3, 1]), b: positive([4]) }, ({ a, b }) => f(a, b)),
  opCase(op, "number first", { b: positive([5]) }, ({ b }) => f(2, b)),
  opCase(op, "scalar", { a: normal([2, 3]), b: positive([]) }, ({ a, b }) => f(a, b)),
  opCase(op, "a tensor with itself", { a: positive([4]) }, ({ a }) => f(a, a)),
]);
const integerArithmetic = each({ add, sub, mul }, (op, f) => [
  opCase(op, "int32", { a: integers([2, 3], -9, 9), b: integers([3], -9, 9) }, ({ a, b }) => f(a, b)),
]);
const extrema = each({ maximum, minimum }, (op, f) => [
  opCase(op, "", { a: distinct([4, 5]), b: given([0, -0.3, 0.4, 1, -1], [5], "float32") }, ({ a, b }) => f(a, b)),
]);

const comparison = each({ equal, less, greater }, (op, f) => [
  opCase(op, "int32", { a: integers([6, 5], 0, 4), b: integers([5], 0, 4) }, ({ a, b }) => cast(f(a, b), "float32")),
  opCase(op, "float32", { a: normal([4, 3]), b: normal([4, 1]) }, ({ a, b }) => cast(f(a, b), "float32"), none),
]);

const conversions = [
  opCase("cast", "bfloat16 weight", { x: normal([3, 4]), w: half([5, 4], "bfloat16") }, ({ x, w }) => linear(x, w)),
  opCase("cast", "float16 weight", { x: normal([3, 4]), w: half([5, 4], "float16") }, ({ x, w }) => linear(x, w)),
  opCase("cast", "int32 to float32", { x: integers([7], -5, 5) }, ({ x }) => cast(x, "float32")),
  opCase("cast", "float32 to int32", { x: normal([9], 5) }, ({ x }) => cast(x, "int32"), none),
  opCase(
    "cast",
    "float32 to bool",
    { x: given([0, 1, -2, 0, 0.5], [5], "float32") },
    ({ x }) => cast(cast(x, "bool"), "float32"),
    none,
  ),
  opCase("stopGradient", "", { x: normal([4]) }, ({ x }) => mul(x, stopGradient(cast(cast(x, "int32"), "float32")))),
];

const choice = [
  opCase(
    "where",
    "",
    { c: distinct([4, 5]), a: normal([4, 5]), b: normal([5]) },
    ({ c, a, b }) => where(greater(c, 0), a, b),
    { gradient: ["a", "b"] },
  ),
  opCase("where", "a number where not", { c: distinct([6]), a: normal([6]) }, ({ c, a }) => where(less(c, 0), a, -3), {
    gradient: ["a"],
  }),
];

const reductions = each({ sum, mean, max }, (op, f) => [
  opCase(op, "all axes", { x: distinct([3, 4]) }, ({ x }) => f(x)),
  opCase(op, "last axis kept", { x: distinct([2, 3, 4]) }, ({ x }) => f(x, -1, true)),
  opCase(op, "first and last axis", { x: distinct([2, 3, 4]) }, ({ x }) => f(x, [0, -1])),
  opCase(op, "of a scalar", { x: distinct([]) }, ({ x }) => f(x)),
]);
const soft = each({ softmax, logSoftmax, logSumExp }, (op, f) => [
  opCase(op, "rows", { x: normal([3, 9], 3) }, ({ x }) => f(x)),
  opCase(op, "far from zero", { x: normal([2, 2, 5], 40) }, ({ x }) => f(add(x, 500)), { tolerance: 3e-4 }),
]);
const folded = [
  opCase("softmax", "masked", { x: normal([4, 4]) }, ({ x }) => softmax(add(x, causalMask(4)))),
  opCase("logSumExp", "axis kept", { x: normal([3, 5]) }, ({ x }) => logSumExp(x, { keepDims: true })),
  opCase("argmax", "", { x: distinct([5, 8]) }, ({ x }) => argmax(x), none),
  opCase(
    "argmax",
    "first of equal ones",
    { x: given([1, 3, 3, 2, 2, 2], [2, 3], "float32") },
    ({ x }) => argmax(x),
    none,
  ),
];

const flags = [false, true];
const linearAlgebra = [
  ...flags.flatMap((transA) =>
    flags.map((transB) =>
      opCase(
        "gemm",
        `${transA ? "aᵀ" : "a"} ${transB ? "bᵀ" : "b"}`,
        { a: normal(transA ? [4, 3] : [3, 4]), b: normal(transB ? [5, 4] : [4, 5]), c: normal([5]) },
        ({ a, b, c }) => gemm(a, b, { transA, transB, alpha: 0.5, c }),
      ),
    ),
  ),
  opCase("gemm", "linear layer", { x: normal([6, 4]), w: normal([3, 4]), b: normal([3]) }, ({ x, w, b }) =>
    linear(x, w, b),
  ),
  opCase("gemm", "linear layer without bias", { x: normal([6, 4]), w: normal([3, 4]) }, ({ x, w }) => linear(x, w)),
  opCase("gemm", "number added", { a: normal([2, 3]), b: normal([3, 2]) }, ({ a, b }) => gemm(a, b, { c: 1 })),
  opCase("matmul", "matrices", { a: normal([3, 4]), b: normal([4, 2]) }, ({ a, b }) => matmul(a, b)),
  opCase("matmul", "batches", { a: normal([2, 3, 4, 5]), b: normal([2, 3, 5, 2]) }, ({ a, b }) => matmul(a, b)),
  opCase("matmul", "batch broadcast", { a: normal([2, 1, 4, 5]), b: normal([3, 5, 2]) }, ({ a, b }) => matmul(a, b)),
  opCase("matmul", "batch by matrix", { a: normal([2, 3, 4]), b: normal([4, 2]) }, ({ a, b }) => matmul(a, b)),
  opCase("matmul", "matrix by batch", { a: normal([3, 4]), b: normal([2, 4, 2]) }, ({ a, b }) => matmul(a, b)),
];

const shaping = [
  opCase("reshape", "", { x: normal([2, 3, 4]) }, ({ x }) => reshape(x, [6, -1])),
  opCase("reshape", "to and from a scalar", { x: normal([1, 1]) }, ({ x }) => unsqueeze(squeeze(squeeze(x, 0), 0), 0)),
  opCase("reshape", "int32", { x: integers([2, 3], 0, 9) }, ({ x }) => reshape(x, [3, 2])),
  opCase("transpose", "reversed", { x: normal([2, 3, 4]) }, ({ x }) => transpose(x)),
  opCase("transpose", "heads", { x: normal([2, 3, 4, 5]) }, ({ x }) => transpose(x, [0, 2, 1, 3])),
  opCase("transpose", "cycle", { x: normal([2, 3, 4]) }, ({ x }) => transpose(x, [2, 0, 1])),
  opCase("concat", "middle axis", { a: normal([2, 1, 3]), b: normal([2, 4, 3]), c: normal([2, 2, 3]) }, ({ a, b, c }) =>
    concat([a, b, c], 1),
  ),
  opCase("concat", "a tensor with itself", { a: normal([2, 3]) }, ({ a }) => concat([a, a], -1)),
  opCase("slice", "middle", { x: normal([3, 7]) }, ({ x }) => slice(x, 1, 2, 5)),
  opCase("slice", "end of first axis", { x: normal([5, 2, 2]) }, ({ x }) => slice(x, 0, -2)),
  opCase("pad", "", { x: normal([2, 3]) }, ({ x }) => pad(x, -1, 1, 2)),
  opCase("pad", "first axis", { x: normal([2, 3, 2]) }, ({ x }) => pad(x, 0, 0, 3)),
  opCase("expand", "", { x: normal([3, 1]) }, ({ x }) => expand(x, [2, 3, 4])),
  opCase("expand", "a scalar", { x: normal([]) }, ({ x }) => expand(x, [2, 2])),
];

const indexing = [
  opCase(
    "gather",
    "rows, some twice",
    { w: normal([5, 3]), i: given([4, 0, 4, 2, 4, 1], [2, 3], "int32") },
    ({ w, i }) => gather(w, i),
  ),
  opCase("gather", "bfloat16 table", { w: half([5, 4], "bfloat16"), i: integers([6], 0, 5) }, ({ w, i }) =>
    square(gather(w, i)),
  ),
  opCase("gather", "numbers of a vector", { w: normal([5]), i: integers([7], 0, 5) }, ({ w, i }) => gather(w, i)),
  opCase("scatterAddRows", "many onto few", { u: normal([64, 6]), i: integers([64], 0, 3) }, ({ u, i }) =>
    scatterAddRows(4, i, u),
  ),
  opCase(
    "scatterAddRows",
    "sums by segment",
    { x: normal([9]), i: given([0, 0, 2, 2, 2, 1, 3, 3, 0], [9], "int32") },
    ({ x, i }) => segmentSum(x, i, 5),
  ),
  opCase("scatterAddRows", "fixed segments", { x: normal([4, 2]) }, ({ x }) => segmentSum(x, [1, 1, 0, 1], 2)),
  opCase("pick", "", { x: normal([4, 6]), i: integers([4], 0, 6) }, ({ x, i }) => pick(x, i)),
  opCase("pick", "of three axes", { x: normal([2, 3, 5]), i: integers([2, 3], 0, 5) }, ({ x, i }) => pick(x, i)),
  opCase("pick", "of a vector", { x: normal([5]), i: given([3], [], "int32") }, ({ x, i }) => pick(x, i)),
  opCase("pick", "log-likelihood by logSumExp", { x: normal([4, 6]), i: integers([4], 0, 6) }, ({ x, i }) =>
    sub(pick(x, i), logSumExp(x)),
  ),
  opCase("pick", "log-likelihood by logSoftmax", { x: normal([4, 6]), i: integers([4], 0, 6) }, ({ x, i }) =>
    pick(logSoftmax(x), i),
  ),
  opCase("addAtPicked", "", { x: normal([4, 6]), i: integers([4], 0, 6), u: normal([4]) }, ({ x, i, u }) =>
    addAtPicked(x, i, u),
  ),
];

const positions = (columns: number) => ({ cos: normal([8, columns]), sin: normal([8, columns]) });
interface CacheSizes {
  readonly batch?: number;
  readonly seq: number;
  /** Keys of each row after the call, minus 1. */
  readonly lengths: readonly number[];
  readonly h?: number;
}
const cacheInputs = ({ batch = 2, seq, lengths, h = 8 }: CacheSizes) => ({
  q: normal([batch, seq, 4 * h]),
  k: normal([batch, seq, 2 * h]),
  v: normal([batch, seq, 2 * h]),
  pastK: normal([batch, 2, 8, h]),
  pastV: normal([batch, 2, 8, h]),
  lengths: given(lengths, [batch], "int32"),
  total: given([Math.max(...lengths) + 1], [], "int32"),
  ...positions(h / 2),
});
const cachedAttention = (detail: string, sizes: CacheSizes, rotary: boolean) =>
  opCase(
    "groupQueryAttention",
    detail,
    cacheInputs(sizes),
    ({ q, k, v, pastK, pastV, lengths, total, cos, sin }) => {
      const options = { heads: 4, kvHeads: 2, rotary };
      const results = groupQueryAttention(q, k, v, pastK, pastV, lengths, total, cos, sin, options);
      return { ...results, presentK: filled(results.presentK, lengths), presentV: filled(results.presentV, lengths) };
    },
    none,
  );
/** The cache with zeros behind the last key, where it holds anything. */
const filled = (cache: Tensor, lengths: Tensor): Tensor => {
  const isBehind = greater(constant([...Array(8).keys()], [8, 1], "int32"), reshape(lengths, [-1, 1, 1, 1]));
  return where(isBehind, 0, cache);
};

const attention = [
  opCase("rmsNorm", "", { x: normal([2, 3, 8]), w: positive([8]) }, ({ x, w }) => rmsNorm(x, w, 1e-5)),
  opCase("rmsNorm", "large eps", { x: normal([4, 5]), w: normal([5]) }, ({ x, w }) => rmsNorm(x, w, 0.5)),
  opCase(
    "rotary",
    "",
    { x: normal([2, 3, 4, 6]), i: integers([2, 4], 0, 8), ...positions(3) },
    ({ x, cos, sin, i }) => rotary(x, cos, sin, i),
    { gradient: ["x"] },
  ),
  cachedAttention("prompt", { seq: 5, lengths: [4, 4] }, false),
  cachedAttention("one token", { seq: 1, lengths: [6, 3] }, false),
  ...[8, 16].flatMap((h) => [
    cachedAttention(`prompt, rotary, head size ${h}`, { seq: 5, lengths: [4, 4], h }, true),
    cachedAttention(`one token, rotary, head size ${h}`, { seq: 1, lengths: [6, 3], h }, true),
    cachedAttention(`three tokens, rotary, head size ${h}`, { batch: 1, seq: 3, lengths: [6], h }, true),
  ]),
  opCase(
    "extraOutput",
    "the whole cache after its last token",
    cacheInputs({ seq: 1, lengths: [7, 7] }),
    ({ q, k, v, pastK, pastV, lengths, total, cos, sin }) =>
      groupQueryAttention(q, k, v, pastK, pastV, lengths, total, cos, sin, { heads: 4, kvHeads: 2 }).presentV,
    none,
  ),
];

/** 0 where column ≤ row, −10⁹ above the diagonal. */
const causalMask = (n: number): Tensor =>
  constant(
    Array.from({ length: n * n }, (_, i) => (i % n <= Math.floor(i / n) ? 0 : -1e9)),
    [n, n],
  );

const graphs = [
  opCase("input", "returned as it is", { x: normal([3]) }, ({ x }) => ({ copy: x, again: x })),
  opCase("constant", "returned as it is", { x: normal([2]) }, ({ x }) => ({
    one: constant([1, 2], [2]),
    sum: add(x, constant([3, 4])),
  })),
];

export const opCases: readonly OpCase[] = [
  ...graphs,
  ...conversions,
  ...unary,
  ...waves,
  ...onPositive,
  ...kinked,
  ...binary,
  ...integerArithmetic,
  ...extrema,
  ...comparison,
  ...choice,
  ...reductions,
  ...soft,
  ...folded,
  ...linearAlgebra,
  ...shaping,
  ...indexing,
  ...attention,
];
