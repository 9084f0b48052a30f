// Ops that read and write by index: rows of a table, one element per row. Indices are int32; out of range is the caller's error.

import { apply, type OpGroup } from "../op.ts";
import { dimension, sameShape, shapeText } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { constant } from "./leaves.ts";
import { float, integer } from "./operands.ts";
import { reshape } from "./shaping.ts";

export const indexingOps = {
  gather: {
    infer: (inputs) => {
      const [table, indices] = inputs as [Tensor, Tensor];
      return { shape: [...indices.shape, ...table.shape.slice(1)], dtype: table.dtype };
    },
  },
  scatterAddRows: {
    infer: (inputs, { rows }) => ({
      shape: [rows as number, ...(inputs[1] as Tensor).shape.slice(1)],
      dtype: "float32",
    }),
  },
  pick: { infer: ([x]) => ({ shape: (x as Tensor).shape.slice(0, -1), dtype: "float32" }) },
  addAtPicked: { infer: ([x]) => x as Tensor },
} satisfies OpGroup;

/** Rows of table[n, …] at indices int32[…] → indices' shape followed by the row's. Keeps the table's dtype. */
export function gather(table: Tensor, indices: Tensor): Tensor {
  if (table.shape.length === 0) failShape("gather", "the table is a scalar");
  return apply(indexingOps, "gather", [table, integer("gather", indices)]);
}

/** Zeros [rows, …] with updates[m, …] added at indices int32[m]; repeated indices add up. Indices and updates may have further equal leading axes. */
export function scatterAddRows(rows: number, indices: Tensor, updates: Tensor): Tensor {
  const lead = indices.shape.length;
  if (!sameShape(updates.shape.slice(0, lead), indices.shape)) {
    failShape(
      "scatterAddRows",
      `updates ${shapeText(updates.shape)} do not begin with indices ${shapeText(indices.shape)}`,
    );
  }
  const flat = [reshape(integer("scatterAddRows", indices), [-1]), flattenLead(updates, lead)];
  return apply(indexingOps, "scatterAddRows", [flat[0] as Tensor, float("scatterAddRows", flat[1] as Tensor)], {
    rows,
  });
}

const flattenLead = (x: Tensor, lead: number): Tensor => {
  const rest: Shape = x.shape.slice(lead);
  return reshape(x, [x.shape.slice(0, lead).reduce((a, b) => a * b, 1), ...rest]);
};

/** Sums of x[rows, …] by segment → [count, …]; row i belongs to segment segmentIds[i] in [0, count). An int32 tensor of ids keeps one program for all batches. */
export function segmentSum(x: Tensor, segmentIds: readonly number[] | Tensor, count: number): Tensor {
  const ids = Array.isArray(segmentIds) ? constant(segmentIds, [segmentIds.length], "int32") : (segmentIds as Tensor);
  if (!sameShape(ids.shape, x.shape.slice(0, 1))) {
    failShape("segmentSum", `${shapeText(ids.shape)} ids do not match the rows of x ${shapeText(x.shape)}`);
  }
  return scatterAddRows(count, ids, x);
}

/** One element of each row: x[…, n], indices int32[…] → […]. */
export function pick(x: Tensor, indices: Tensor): Tensor {
  checkPicked("pick", x, indices);
  return apply(indexingOps, "pick", [float("pick", x), integer("pick", indices)]);
}

/** x[…, n] with updates[…] added to the element of each row that `pick` would read. */
export function addAtPicked(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  checkPicked("addAtPicked", x, indices);
  if (!sameShape(updates.shape, indices.shape)) {
    failShape("addAtPicked", `updates ${shapeText(updates.shape)} do not fit indices ${shapeText(indices.shape)}`);
  }
  const name = "addAtPicked";
  return apply(indexingOps, name, [float(name, x), integer(name, indices), float(name, updates)]);
}

function checkPicked(op: string, x: Tensor, indices: Tensor): void {
  if (x.shape.length === 0) failShape(op, "x is a scalar");
  if (sameShape(indices.shape, x.shape.slice(0, -1))) return;
  failShape(
    op,
    `indices ${shapeText(indices.shape)} do not match the rows of x ${shapeText(x.shape)} with ${dimension(x.shape, -1)} columns`,
  );
}
