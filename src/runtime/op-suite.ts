// Runs the op suite: every case on a backend and on the reference, results and gradients compared. Needs no test framework, so that a script
// can run it on any machine.

import { createRandom } from "../core/random.ts";
import { gradients, graph, input } from "../tensor/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Graph, Tensor } from "../tensor/tensor.ts";
import type { Backend, TypedArray, Value } from "./backend.ts";
import { type OpCase, opCases } from "./op-suite-cases.ts";
import { toHalf } from "./reference/half-precision.ts";

export interface OpResult {
  readonly name: string;
  readonly passed: boolean;
  /** Largest |difference| in relation to the largest number of the tensor, over all results and gradients. */
  readonly worstError: number;
  readonly message?: string;
}

export interface PreparedCase {
  /** Outputs: the case's results, and `d <input>` for each gradient, with cotangents fed as `dy <output>`. */
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Float64Array | Int32Array>>;
}

/** Traces a case with its gradients and draws its inputs; the same at every call. */
export function prepareCase(opCase: OpCase): PreparedCase {
  const random = createRandom(opCase.name);
  const feeds: Record<string, Float64Array | Int32Array> = {};
  const inputs: Record<string, Tensor> = {};
  for (const [name, kind] of Object.entries(opCase.inputs)) {
    inputs[name] = input(name, kind.shape, kind.dtype);
    feeds[name] = kind.draw(random.fork(name));
  }
  const built = opCase.build(inputs);
  const outputs: Record<string, Tensor> = isTensor(built) ? { y: built } : { ...built };
  if (opCase.gradient.length > 0) {
    const seeds = Object.entries(outputs).map(([name, output]) => {
      const cotangent = input(`dy ${name}`, output.shape);
      const draw = random.fork(cotangent.name as string);
      const numbers = Float64Array.from({ length: sizeOf(output.shape) }, () => Math.fround(draw.normal()));
      return { output, cotangent, numbers };
    });
    const results = gradients(
      seeds,
      opCase.gradient.map((name) => inputs[name] as Tensor),
    );
    opCase.gradient.forEach((name, i) => {
      outputs[`d ${name}`] = results[i] as Tensor;
    });
    for (const { cotangent, numbers } of seeds) feeds[cotangent.name as string] = numbers;
  }
  return { graph: graph(outputs), feeds };
}

const isTensor = (built: Tensor | Readonly<Record<string, Tensor>>): built is Tensor => typeof built.op === "string";

/** Every case on both backends, one after the other. Errors become results that did not pass. */
export async function runOpSuite(
  backend: Backend,
  reference: Backend,
  cases: readonly OpCase[] = opCases,
): Promise<OpResult[]> {
  const results: OpResult[] = [];
  for (const opCase of cases) results.push(await compare(opCase, backend, reference));
  return results;
}

async function compare(opCase: OpCase, backend: Backend, reference: Backend): Promise<OpResult> {
  const { name, tolerance = 1e-4 } = opCase;
  try {
    const prepared = prepareCase(opCase);
    const [got, expected] = [await execute(prepared, backend), await execute(prepared, reference)];
    const errors = Object.keys(expected).map(
      (output) => [output, distance(got[output] as number[], expected[output] as number[])] as const,
    );
    const worst = errors.reduce((a, b) => (b[1] > a[1] ? b : a));
    const passed = worst[1] <= tolerance;
    return { name, passed, worstError: worst[1], ...(passed ? {} : { message: `"${worst[0]}" differs` }) };
  } catch (error) {
    return { name, passed: false, worstError: Infinity, message: String(error) };
  }
}

async function execute({ graph: { inputs, outputs }, feeds }: PreparedCase, backend: Backend) {
  const program = await backend.compile({ inputs, outputs });
  const values: Record<string, Value> = {};
  for (const { name, shape, dtype } of inputs) {
    values[name as string] = backend.value(stored(feeds[name as string] as Float64Array, dtype), shape, dtype);
  }
  const results = await program.run(values);
  const numbers: Record<string, number[]> = {};
  for (const [name, value] of Object.entries(results)) {
    numbers[name] = Array.from((await backend.read(value)) as ArrayLike<number | bigint>, Number);
  }
  for (const value of [...Object.values(results), ...Object.values(values)]) value.dispose();
  return numbers;
}

/** Numbers in the array that backends take for `dtype`. */
function stored(numbers: Float64Array | Int32Array, dtype: Tensor["dtype"]): TypedArray {
  if (dtype === "float32") return Float32Array.from(numbers);
  if (dtype === "bfloat16" || dtype === "float16") return Uint16Array.from(numbers, toHalf[dtype].encode);
  return dtype === "int32" ? Int32Array.from(numbers) : Uint8Array.from(numbers);
}

/** Infinity where a number is missing or is not one. */
function distance(got: readonly number[], expected: readonly number[]): number {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6);
  const errors = expected.map((value, i) => Math.abs((got[i] ?? Number.NaN) - value) / scale);
  return errors.reduce((worst, error) => (Number.isNaN(error) ? Infinity : Math.max(worst, error)), 0);
}
