// The reference backend: plain TypeScript on float64, slow and obvious. The oracle for every other backend.

import { RuntimeFailure, ShapeError } from "../../core/errors.ts";
import { sameShape, shapeText } from "../../tensor/shape.ts";
import { structuralKey } from "../../tensor/structural-key.ts";
import type { DType, Graph, Shape } from "../../tensor/tensor.ts";
import type { Backend, Program, RunOptions, Value } from "../backend.ts";
import { viewMemory } from "../ffi.ts";
import { interpret, scheduleOf } from "./interpret.ts";
import { allocateValue, bytesValue, createValue, decode, encodeInto, type ReferenceValue } from "./value.ts";

/** A backend that holds float32 tensors in float64 (values over a Float32Array are read and written in float32). */
export function createReferenceBackend(): Backend {
  const programs = new Map<string, Program>();
  const dispose = () => programs.clear();
  return {
    name: "reference",
    writesInPlace: true,
    async compile(graph) {
      const key = structuralKey(graph);
      const program = programs.get(key) ?? createProgram(graph, () => programs.delete(key));
      programs.set(key, program);
      return program;
    },
    value: createValue,
    // The array over foreign memory keeps no owner alive by itself.
    mapped: ({ address, byteLength, owner }, shape, dtype) =>
      Object.assign(bytesValue(viewMemory(address, byteLength), shape, dtype), { owner }),
    allocate: allocateValue,
    read: async (value) => own(value).data,
    async write(value, data) {
      const source = createValue(data, value.shape, value.dtype);
      encodeInto(own(value), decode(source).data);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

type Port = { readonly shape: Shape; readonly dtype: DType };

function createProgram(graph: Graph, dispose: () => void): Program {
  const schedule = scheduleOf(graph);
  const ports = (entries: readonly (readonly [string, Port])[]): Record<string, Port> =>
    Object.fromEntries(entries.map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
  const inputs = ports(graph.inputs.map((x) => [x.name as string, x]));
  const outputs = ports(Object.entries(graph.outputs));

  const run = async (fed: Readonly<Record<string, Value>>, options: RunOptions = {}) => {
    const { outputs: given = {}, signal } = options;
    for (const [name, port] of Object.entries(inputs)) check("input", name, port, fed[name]);
    for (const [name, value] of Object.entries(given)) check("output", name, outputs[name], value);
    const results = interpret(schedule, graph.outputs, (x) => decode(own(fed[x.name as string] as Value)), signal);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => {
        const { shape, dtype } = outputs[name] as Port;
        const value = own(given[name] ?? allocateValue(shape, dtype));
        encodeInto(value, data);
        return [name, value];
      }),
    );
  };
  return { inputs, outputs, run, dispose, [Symbol.dispose]: dispose };
}

function check(kind: "input" | "output", name: string, port: Port | undefined, value: Value | undefined): void {
  if (!port) throw new ShapeError(`run: there is no ${kind} "${name}"`);
  const wanted = `${port.dtype} ${shapeText(port.shape)}`;
  if (!value) throw new ShapeError(`run: ${kind} "${name}" ${wanted} is missing`);
  if (sameShape(port.shape, value.shape) && port.dtype === value.dtype) return;
  throw new ShapeError(`run: ${kind} "${name}" is ${value.dtype} ${shapeText(value.shape)}, expected ${wanted}`);
}

function own(value: Value): ReferenceValue {
  if (!("data" in value)) throw new RuntimeFailure("a value of another backend was given to the reference backend");
  return value as ReferenceValue;
}
