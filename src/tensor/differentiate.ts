// The backward walk over a graph: reverse-mode differentiation with the rules in gradients.ts. Knows no op but those that reduce and add gradients.

import { gradientRules, noGradient, type Rule } from "./gradients.ts";
import { nodesOf } from "./graph.ts";
import { constant } from "./ops/leaves.ts";
import { sum } from "./ops/reductions.ts";
import { full, reshape } from "./ops/shaping.ts";
import { sameShape, shapeText, stretchedAxes } from "./shape.ts";
import { failShape } from "./shape-error.ts";
import { accumulate } from "./structured-cotangent.ts";
import type { DType, Shape, Tensor } from "./tensor.ts";

/** An output and the gradient that arrives at it from outside, in its shape. */
export interface Seed {
  readonly output: Tensor;
  readonly cotangent: Tensor;
}

/**
 * Vector-Jacobian product: the gradients of Σ ⟨cotangent, output⟩ with respect to each tensor of `wrt`, in its shape, as float32.
 * A scalar output may stand alone, with cotangent 1. Tensors that no output depends on get zeros. Builds only what `wrt` needs.
 * Throws a ShapeError for an output that is not scalar and has no cotangent, or on the way through an op that has no rule.
 */
export function gradients(outputs: Tensor | readonly (Tensor | Seed)[], wrt: readonly Tensor[]): Tensor[] {
  const seeds = ("op" in outputs ? [outputs] : outputs).map(seedOf);
  const nodes = nodesOf(seeds.map((seed) => seed.output));
  const wanted = dependents(nodes, wrt);
  const cotangents = new Map<number, Tensor>();
  const arrive = (node: Tensor, dy: Tensor) => {
    const sofar = cotangents.get(node.id);
    const reduced = sumTo(node.shape, dy);
    cotangents.set(node.id, sofar ? accumulate(sofar, reduced) : reduced);
  };

  for (const { output, cotangent } of seeds) if (wanted.has(output.id)) arrive(output, cotangent);
  for (const node of nodes.reverse()) {
    const dy = cotangents.get(node.id);
    const rule = ruleOf(node);
    if (!dy || !rule || !node.inputs.some((x) => wanted.has(x.id))) continue;
    const parts = rule(node, dy);
    node.inputs.forEach((x, i) => {
      const part = wanted.has(x.id) ? parts[i] : undefined;
      if (part) arrive(x, part());
    });
  }
  return wrt.map((x) => cotangents.get(x.id) ?? full(x.shape, 0));
}

function seedOf(output: Tensor | Seed): Seed {
  if (!("op" in output)) {
    const { cotangent } = output;
    if (!sameShape(cotangent.shape, output.output.shape)) {
      failShape("gradients", `cotangent ${shapeText(cotangent.shape)} for output ${shapeText(output.output.shape)}`);
    }
    return output;
  }
  if (output.shape.length > 0) {
    failShape("gradients", `output ${shapeText(output.shape)} is not a scalar`, "Give { output, cotangent }.");
  }
  return { output, cotangent: constant(1) };
}

const carriesGradient: ReadonlySet<DType> = new Set<DType>(["float32", "bfloat16", "float16"]);

function ruleOf(node: Tensor): Rule | undefined {
  const rule = gradientRules[node.op as keyof typeof gradientRules] as Rule | typeof noGradient | undefined;
  return rule === noGradient ? undefined : rule;
}

/** Ids of the nodes through which some tensor of `wrt` influences the outputs. */
function dependents(nodes: readonly Tensor[], wrt: readonly Tensor[]): Set<number> {
  const ids = new Set(wrt.map((x) => x.id));
  for (const node of nodes) {
    const differentiable = carriesGradient.has(node.dtype) && ruleOf(node) !== undefined;
    if (differentiable && node.inputs.some((x) => ids.has(x.id))) ids.add(node.id);
  }
  return ids;
}

/** Sums over the axes along which `shape` was stretched. */
function sumTo(shape: Shape, dy: Tensor): Tensor {
  const axes = stretchedAxes(shape, dy.shape);
  return axes.length === 0 ? dy : reshape(sum(dy, axes, true), shape);
}
