// Computes a graph node by node with the reference kernels. Knows nothing of backends, values or files.

import { nodesOf } from "../../tensor/graph.ts";
import type { Op } from "../../tensor/op.ts";
import { opTable } from "../../tensor/ops/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Graph, Tensor } from "../../tensor/tensor.ts";
import { type Dense, type Numbers, zeros } from "./dense.ts";
import type { Kernel } from "./kernel.ts";
import { kernels } from "./kernels/index.ts";

/** An order of computation: the nodes, and after each the ids of the results that nobody needs any more. */
export type Schedule = readonly { readonly node: Tensor; readonly finished: readonly number[] }[];

export function scheduleOf(graph: Graph): Schedule {
  const kept = new Set(Object.values(graph.outputs).map((tensor) => tensor.id));
  const order: { node: Tensor; finished: number[] }[] = [];
  for (const node of nodesOf(Object.values(graph.outputs)).reverse()) {
    const finished = [...new Set(node.inputs.map((x) => x.id))].filter((id) => !kept.has(id));
    for (const id of finished) kept.add(id);
    order.push({ node, finished });
  }
  return order.reverse();
}

/** The outputs by name; `feed` gives each graph input's numbers. Throws the signal's reason when aborted between two nodes. */
export function interpret(
  schedule: Schedule,
  outputs: Graph["outputs"],
  feed: (input: Tensor) => Dense,
  signal?: AbortSignal,
): Record<string, Dense> {
  const results = new Map<number, readonly Dense[]>();
  const first = (tensor: Tensor) => (results.get(tensor.id) as readonly Dense[])[0] as Dense;
  for (const { node, finished } of schedule) {
    signal?.throwIfAborted();
    results.set(node.id, compute(node, results, feed));
    for (const id of finished) results.delete(id);
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, first(tensor)]));
}

function compute(
  node: Tensor,
  results: ReadonlyMap<number, readonly Dense[]>,
  feed: (input: Tensor) => Dense,
): readonly Dense[] {
  if (node.op === "input") return [feed(node)];
  if (node.op === "constant") return [{ shape: node.shape, data: node.data as NonNullable<Tensor["data"]> }];
  const inputs = node.inputs.map((x) => results.get(x.id) as readonly Dense[]);
  if (node.op === "extraOutput") return [inputs[0]?.[node.attributes.index as number] as Dense];
  const op: Op = opTable[node.op as keyof typeof kernels];
  const types = [node, ...(op.extraOutputs?.(node.inputs, node.attributes) ?? [])];
  const filled = types.map(({ shape, dtype }) => ({ shape, data: zeros(dtype, sizeOf(shape)) }));
  const [result, ...further] = filled.map(({ data }) => data) as [Numbers, ...Numbers[]];
  const kernel: Kernel = kernels[node.op as keyof typeof kernels];
  kernel(
    result,
    inputs.map((all) => all[0] as Dense),
    node,
    further,
  );
  return filled;
}
