// A key equal for graphs that compute the same thing the same way, so that a program is compiled once. Creation order does not matter.

import { createHash } from "node:crypto";
import type { Graph, Tensor } from "./tensor.ts";

/** SHA-256 (hex) over inputs (names, shapes, dtypes), ops, attributes, constants and output names. */
export function structuralKey({ outputs }: Graph): string {
  const hash = createHash("sha256");
  const places = new Map<number, number>();
  const visit = (root: Tensor): number => {
    // An explicit stack: graphs are deeper than the call stack.
    const open = [root];
    for (let node = open.at(-1); node; node = open.at(-1)) {
      const missing = places.has(node.id) ? [] : node.inputs.filter((x) => !places.has(x.id));
      if (missing.length > 0) {
        open.push(...missing.reverse());
        continue;
      }
      open.pop();
      if (places.has(node.id)) continue;
      places.set(node.id, places.size);
      hash.update(describe(node, places));
      if (node.data) hash.update(new Uint8Array(node.data.buffer, node.data.byteOffset, node.data.byteLength));
    }
    return places.get(root.id) as number;
  };
  for (const name of Object.keys(outputs).sort()) {
    const place = visit(outputs[name] as Tensor);
    hash.update(`${JSON.stringify([name, place])}\n`);
  }
  return hash.digest("hex");
}

/** Shapes and dtypes follow from those of inputs and constants, which are attributes. */
function describe(node: Tensor, places: ReadonlyMap<number, number>): string {
  const attributes = Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const inputs = node.inputs.map((x) => places.get(x.id));
  return `${JSON.stringify([node.op, node.name ?? null, inputs, attributes])}\n`;
}
