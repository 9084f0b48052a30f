// Evaluates a graph at once and synchronously, in float64: for small graphs such as a loss over scalars.

import { ShapeError } from "../../core/errors.ts";
import { graph as graphOf } from "../../tensor/graph.ts";
import { shapeText, sizeOf } from "../../tensor/shape.ts";
import type { Graph, Tensor } from "../../tensor/tensor.ts";
import type { Dense } from "./dense.ts";
import { interpret, type Schedule, scheduleOf } from "./interpret.ts";

const schedules = new WeakMap<Graph, Schedule>();

/**
 * The numbers of each output, row-major. Feeds are the inputs' numbers by name. A Graph is analysed once, however often it is evaluated.
 * Throws ShapeError for a missing feed or one of the wrong length.
 */
export function evaluate(
  target: Graph | Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, Float64Array | Int32Array>> = {},
): Record<string, Float64Array> {
  const graph = isGraph(target) ? target : graphOf(target);
  const schedule = schedules.get(graph) ?? scheduleOf(graph);
  schedules.set(graph, schedule);
  const results = interpret(schedule, graph.outputs, (input) => feedOf(input, feeds));
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Float64Array.from(data)]));
}

const isGraph = (target: Graph | Readonly<Record<string, Tensor>>): target is Graph => Array.isArray(target.inputs);

function feedOf({ name, shape }: Tensor, feeds: Readonly<Record<string, Float64Array | Int32Array>>): Dense {
  const data = feeds[name as string];
  if (data?.length === sizeOf(shape)) return { shape, data };
  const got = data ? `${data.length} numbers` : "nothing";
  throw new ShapeError(`evaluate: input "${name}" ${shapeText(shape)} needs ${sizeOf(shape)} numbers, got ${got}`);
}
