// The reference backend: plain TypeScript on float64, slow and obvious. The oracle for every other backend.

import { RuntimeFailure } from "../../core/errors.ts";
import { structuralKey } from "../../tensor/structural-key.ts";
import type { Graph, Tensor } from "../../tensor/tensor.ts";
import type { Backend, Program, RunOptions, Value } from "../backend.ts";
import { createProgramCache } from "../program-cache.ts";
import {
  checkInputs,
  checkOutputs,
  createSlots,
  describeSignature,
  type TensorType,
  type TensorTypes,
} from "../signature.ts";
import { interpret, scheduleOf } from "./interpret.ts";
import { allocateValue, cellOf, createValue, decode, encodeInto, mappedValue } from "./value.ts";

/** A backend that holds float32 tensors in float64 (values over a Float32Array are read and written in float32). */
export function createReferenceBackend(): Backend {
  const cache = createProgramCache();
  let disposed = false;
  const living = <F extends (...args: never[]) => unknown>(call: F): F =>
    ((...args: Parameters<F>) => {
      if (disposed) throw new RuntimeFailure("the backend is used after it was disposed");
      return call(...args);
    }) as F;
  const dispose = () => {
    disposed = true;
    cache.clear();
  };
  return {
    name: "reference",
    writesInPlace: true,
    compile: living(async (graph: Graph) => cache.get(structuralKey(graph), async () => createProgram(graph))),
    value: living(createValue),
    mapped: living(mappedValue),
    allocate: living(allocateValue),
    read: living(async (value: Value) => cellOf(value, "the value to read").data),
    write: living(async (value: Value, data) => {
      const cell = cellOf(value, "the value to write");
      if (cell.readOnly) throw new RuntimeFailure("a mapped file is read-only: it cannot be written");
      encodeInto(cell, decode(cellOf(createValue(data, value.shape, value.dtype), "the contents")).data);
    }) as Backend["write"],
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function createProgram(graph: Graph): Program {
  const schedule = scheduleOf(graph);
  const inputs = typesOf(graph.inputs.map((x) => [x.name as string, x]));
  const outputs = typesOf(Object.entries(graph.outputs));
  const label = describeSignature({ inputs, outputs });
  const inputSlots = createSlots("input", inputs, label);
  const outputSlots = createSlots("output", outputs, label);
  let disposed = false;

  const run = async (fed: Readonly<Record<string, Value>>, options: RunOptions = {}) => {
    if (disposed) throw new RuntimeFailure(`${label} is run after it was disposed`);
    const { outputs: given = {}, signal } = options;
    checkInputs(inputSlots, fed, cellOf);
    checkOutputs(outputSlots, given, cellOf);
    const feed = ({ name }: Tensor) => decode(cellOf(fed[name as string] as Value, name as string));
    const results: Record<string, Value> = {};
    for (const [name, { data }] of Object.entries(interpret(schedule, graph.outputs, feed, signal))) {
      const { shape, dtype } = outputs[name] as TensorType;
      const value = given[name] ?? allocateValue(shape, dtype);
      encodeInto(cellOf(value, name), data);
      results[name] = value;
    }
    return results;
  };
  const dispose = () => {
    disposed = true;
  };
  return { inputs, outputs, run, dispose, [Symbol.dispose]: dispose };
}

const typesOf = (entries: readonly (readonly [string, TensorType])[]): TensorTypes =>
  Object.fromEntries(entries.map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
