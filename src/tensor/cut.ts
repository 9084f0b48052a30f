// Cuts one traced computation into a forward and a backward graph: what the backward needs from the forward is either handed over or computed again.
// Knows nothing of models; works on any graph whose second half was derived from its first.

import { graph, nodesOf } from "./graph.ts";
import { apply } from "./op.ts";
import { opTable } from "./ops/index.ts";
import { input } from "./ops/leaves.ts";
import type { Graph, Tensor } from "./tensor.ts";

/** Ops that cost next to nothing: their input is handed over and they are done again. */
const cheap: ReadonlySet<string> = new Set(["reshape", "cast", "expand", "squeeze", "unsqueeze", "stopGradient"]);

/** Prefix of the names under which values are handed from the forward to the backward graph. */
export const savedPrefix = "saved:";

/**
 * `save`: the forward graph gets extra outputs `saved:<i>`, which are inputs of the backward graph.
 * `recompute`: the backward graph starts from the forward's own inputs and holds the forward's work again.
 */
export function cutGraph(
  forward: Readonly<Record<string, Tensor>>,
  backward: Readonly<Record<string, Tensor>>,
  policy: "save" | "recompute",
): { forward: Graph; backward: Graph } {
  if (policy === "recompute") return { forward: graph(forward), backward: graph(backward) };
  const done = new Set(nodesOf(Object.values(forward)).map((node) => node.id));
  const handed = new Map<number, Tensor>();
  const hand = (node: Tensor): void => {
    if (node.op === "input" || node.op === "constant" || handed.has(node.id)) return;
    if (cheap.has(node.op)) node.inputs.forEach(hand);
    else handed.set(node.id, node);
  };
  for (const node of nodesOf(Object.values(backward))) {
    if (!done.has(node.id)) for (const x of node.inputs) if (done.has(x.id)) hand(x);
  }
  for (const output of Object.values(backward)) if (done.has(output.id)) hand(output);

  const saved = [...handed.values()].sort((a, b) => a.id - b.id);
  const named = Object.fromEntries(saved.map((node, i) => [`${savedPrefix}${i}`, node]));
  const replaced = new Map(
    Object.entries(named).map(([name, node]) => [node.id, input(name, node.shape, node.dtype)] as const),
  );
  return { forward: graph({ ...forward, ...named }), backward: graph(substitute(backward, replaced)) };
}

/** The same computation with some nodes replaced. */
function substitute(
  outputs: Readonly<Record<string, Tensor>>,
  replaced: ReadonlyMap<number, Tensor>,
): Record<string, Tensor> {
  const copies = new Map(replaced);
  for (const node of nodesOf(Object.values(outputs))) {
    if (copies.has(node.id)) continue;
    const inputs = node.inputs.map((x) => copies.get(x.id) ?? x);
    const changed = inputs.some((x, i) => x !== node.inputs[i]);
    if (changed) copies.set(node.id, apply(opTable, node.op as keyof typeof opTable, inputs, node.attributes));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, copies.get(node.id) ?? node]));
}

/** True if `output` is computed from any of `sources`. */
export function dependsOn(output: Tensor, sources: readonly Tensor[]): boolean {
  const ids = new Set(sources.map((source) => source.id));
  return nodesOf([output]).some((node) => ids.has(node.id));
}
