// Encodes a graph as an ONNX model. Knows the order and the names of things, not how an op is written (lowerings.ts).

import { nodesOf } from "../graph.ts";
import type { DType, Graph, Tensor } from "../tensor.ts";
import { createEmitter, type Emitter, type Target } from "./emitter.ts";
import type { Lowering } from "./lowering.ts";
import { lowerings } from "./lowerings.ts";
import { encodeModel, type OnnxValue } from "./messages.ts";

/** The dtype in which `target` takes a graph input: WebGPU has no bfloat16 and often no float16, so both are uploaded as float32. */
export const inputDType = (dtype: DType, target: Target): DType =>
  target === "webgpu" && (dtype === "bfloat16" || dtype === "float16") ? "float32" : dtype;

/** The bytes of an ONNX model (opset 18 and com.microsoft 1) with the graph's inputs and outputs under their names; constants are initialisers. */
export function encodeOnnx(graph: Graph, { target }: { readonly target: Target }): Uint8Array {
  const out = createEmitter(target);
  const results = new Map<number, readonly string[]>();
  for (const node of nodesOf(Object.values(graph.outputs))) results.set(node.id, lower(out, node, results));

  const computed = new Set(out.nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const outputs = Object.entries(graph.outputs).map(([name, tensor]): OnnxValue => {
    const value = (results.get(tensor.id) as readonly string[])[0] as string;
    // Inputs, constants and results that already bear another output's name are copied.
    const source =
      computed.has(value) && !renamed.has(value) ? value : out.emit("Identity", [renamed.get(value) ?? value]);
    renamed.set(source, name);
    return { name, dtype: inputDType(tensor.dtype, target), shape: tensor.shape };
  });

  const finalName = (name: string) => renamed.get(name) ?? name;
  return encodeModel({
    nodes: out.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(finalName),
      outputs: node.outputs.map(finalName),
    })),
    inputs: graph.inputs.map(({ name, dtype, shape }) => ({
      name: name as string,
      dtype: inputDType(dtype, target),
      shape,
    })),
    outputs,
    initialisers: out.initialisers,
  });
}

/** Names of the results of `node`. */
function lower(out: Emitter, node: Tensor, results: ReadonlyMap<number, readonly string[]>): readonly string[] {
  const named = node.inputs.map((x) => (results.get(x.id) as readonly string[])[0] as string);
  if (node.op === "input") return [node.name as string];
  if (node.op === "constant") return [out.constant(node.data as Float64Array, node.shape, node.dtype)];
  if (node.op === "extraOutput") {
    const all = results.get((node.inputs[0] as Tensor).id) as readonly string[];
    return [all[node.attributes.index as number] as string];
  }
  const lowering: Lowering = lowerings[node.op as keyof typeof lowerings];
  const result = lowering(out, named, node);
  return typeof result === "string" ? [result] : result;
}
