// From tensors to a graph: which nodes and inputs the outputs need, in an order that can be computed. Knows nothing of execution.

import { shapeText } from "./shape.ts";
import { failShape } from "./shape-error.ts";
import type { Graph, Tensor } from "./tensor.ts";

/** Every node that the outputs need, each after its inputs. */
export function nodesOf(outputs: Iterable<Tensor>): Tensor[] {
  const found = new Map<number, Tensor>();
  const open = [...outputs];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node.id)) continue;
    found.set(node.id, node);
    open.push(...node.inputs);
  }
  return [...found.values()].sort((a, b) => a.id - b.id);
}

/**
 * The graph that computes the named outputs; its inputs are those found in them, in order of creation.
 * Throws a ShapeError when two inputs, or an input and an output, share a name.
 */
export function graph(outputs: Readonly<Record<string, Tensor>>): Graph {
  const inputs = nodesOf(Object.values(outputs)).filter((node) => node.op === "input");
  const byName = new Map<string, Tensor>();
  for (const node of inputs) {
    const name = node.name as string;
    const other = byName.get(name);
    if (other) {
      failShape("graph", `two inputs are named "${name}": ${shapeText(other.shape)} and ${shapeText(node.shape)}`);
    }
    if (name in outputs) failShape("graph", `"${name}" names both an input and an output`);
    byName.set(name, node);
  }
  return { inputs, outputs };
}
