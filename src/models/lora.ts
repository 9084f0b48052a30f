// LoRA beside a model's linear layers (2106.09685): added fresh, read from and written to PEFT adapters, merged into the weights.

import { ModelError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import type { Random } from "../core/random.ts";
import type { Value } from "../runtime/backend.ts";
import { gemm, graph, input } from "../tensor/index.ts";
import { openPeftAdapter, readFloats, toFloat32, writePeftAdapter } from "../weights/index.ts";
import { type LinearModule, linearModules, type Model, weightOf } from "./model.ts";
import { loraName } from "./stage-weights.ts";

export interface LoraOptions {
  readonly rank: number;
  readonly alpha: number;
  /** Last parts of module names ("q_proj"), or full paths; "all-linear" is every linear layer but the output projection and routers. */
  readonly targets: "all-linear" | readonly string[];
  /** Only these layers. Default: all. */
  readonly layers?: readonly number[] | undefined;
}

/** Full paths of the modules that `options` select. @throws ModelError when a target matches nothing. */
export function selectModules(model: Model, { targets, layers }: Pick<LoraOptions, "targets" | "layers">): string[] {
  const { architecture, config } = model;
  const output = architecture.outputWeight.replace(/\.weight$/, "");
  const all = [...linearModules(architecture, config).keys()];
  const inLayers = (path: string) =>
    !layers || layers.some((layer) => path.startsWith(architecture.prefix.block(layer)));
  if (targets === "all-linear") {
    const isRouter = (path: string) => architecture.router !== undefined && matches(path, architecture.router);
    return all.filter((path) => path !== output && !isRouter(path) && inLayers(path));
  }
  for (const target of targets) {
    if (!all.some((path) => matches(path, target))) {
      const known = new Set(all.map((path) => path.split(".").at(-1) as string));
      throw new ModelError(`LoRA target "${target}" names no linear layer of ${model.source}`, {
        hint: describeNames(target, known),
      });
    }
  }
  return all.filter((path) => targets.some((target) => matches(path, target)) && inLayers(path));
}

const matches = (path: string, target: string) => path === target || path.endsWith(`.${target}`);

/** Adds fresh LoRA: A uniform in ±1/√in as PEFT's Kaiming initialisation, B zero, so that the model computes what it did. Returns the new weights' names. */
export function addLora(model: Model, options: LoraOptions, random: Random): string[] {
  const names: string[] = [];
  const modules = linearModules(model.architecture, model.config);
  for (const module of selectModules(model, options)) {
    const { out, inputs } = modules.get(module) as LinearModule;
    const a = freshA(options.rank, inputs, random.fork(module));
    const { backend, weights } = model;
    const scale = options.alpha / options.rank;
    model.lora.set(module, { rank: options.rank, alpha: options.alpha, scale });
    weights.set(loraName(module, "A"), backend.value(a, [options.rank, inputs]));
    weights.set(loraName(module, "B"), backend.value(new Float32Array(out * options.rank), [out, options.rank]));
    names.push(loraName(module, "A"), loraName(module, "B"));
  }
  return names;
}

/** A as it begins, [rank, inputs]: uniform in ±1/√inputs. */
export function freshA(rank: number, inputs: number, random: Random): Float32Array {
  const bound = 1 / Math.sqrt(inputs);
  return Float32Array.from({ length: rank * inputs }, () => (2 * random.uniform() - 1) * bound);
}

/** Is this the full name of a LoRA matrix? */
export const isLoraWeight = (name: string) => /\.lora_[AB]\.weight$/.test(name);

/** Reads a PEFT adapter folder beside the model. Returns the new weights' names. */
export function loadAdapter(model: Model, path: string): string[] {
  using adapter = openPeftAdapter(path);
  const known = linearModules(model.architecture, model.config);
  const names: string[] = [];
  for (const { module, a, b, rank, alpha, scale } of adapter.modules.values()) {
    const layer = known.get(module);
    if (!layer || layer.out !== b.shape[0] || layer.inputs !== a.shape[1]) {
      throw new ModelError(
        layer
          ? `adapter module "${module}" is [${b.shape[0]}, ${a.shape[1]}], the model's layer [${layer.out}, ${layer.inputs}]`
          : `adapter module "${module}" is not in ${model.source}`,
        { place: { file: path, key: module }, hint: "The adapter was made for another base model." },
      );
    }
    model.lora.set(module, { rank, alpha, scale });
    for (const [part, tensor] of [
      ["A", a],
      ["B", b],
    ] as const) {
      model.weights.set(loraName(module, part), model.backend.value(readFloats(tensor), tensor.shape));
      names.push(loraName(module, part));
    }
  }
  return names;
}

/** Writes the LoRA as a PEFT adapter folder. */
export async function saveAdapter(
  model: Model,
  path: string,
  { baseModel, signal }: { readonly baseModel?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const entries = [...model.lora];
  const [, first] = entries[0] ?? [];
  if (!first) throw new ModelError(`${model.source} has no LoRA to write`);
  const matrix = (module: string, part: "A" | "B") => {
    const value = weightOf(model, loraName(module, part));
    const data = async () => toFloat32(await model.backend.read(value), value.dtype);
    return { dtype: "F32" as const, shape: value.shape, data };
  };
  const others = entries.filter(([, { rank, alpha }]) => rank !== first.rank || alpha !== first.alpha);
  const config = {
    baseModel,
    rank: first.rank,
    alpha: first.alpha,
    dropout: 0,
    targetModules: targetNames(model),
    rankPattern: Object.fromEntries(others.map(([module, { rank }]) => [module, rank])),
    alphaPattern: Object.fromEntries(others.map(([module, { alpha }]) => [module, alpha])),
    fanInFanOut: [...linearModules(model.architecture, model.config)].some(
      ([path, { transposed }]) => transposed && model.lora.has(path),
    ),
    rankStabilised: first.rank > 1 && Math.abs(first.scale - first.alpha / Math.sqrt(first.rank)) < 1e-9,
  };
  const modules = entries.map(([module]) => ({ module, a: matrix(module, "A"), b: matrix(module, "B") }));
  await writePeftAdapter(path, config, modules, { signal });
}

/** Short names ("q_proj") where every layer of that name is adapted, else full paths; PEFT reads both. */
function targetNames(model: Model): string[] {
  const last = (path: string) => path.split(".").at(-1) as string;
  const all = [...linearModules(model.architecture, model.config).keys()];
  const complete = (name: string) => all.filter((path) => last(path) === name).every((path) => model.lora.has(path));
  return [...new Set([...model.lora.keys()].map((path) => (complete(last(path)) ? last(path) : path)))];
}

/** W + scale·B·A of an adapted module, laid out as W is, in float32, computed by the backend. The model is left as it is. */
export async function mergedWeight(model: Model, module: string): Promise<Float32Array> {
  const weight = weightOf(model, `${module}.weight`);
  const adapted = model.lora.get(module);
  const w = toFloat32(await model.backend.read(weight), weight.dtype);
  if (!adapted) return w;
  const transposed = linearModules(model.architecture, model.config).get(module)?.transposed === true;
  const run = { a: weightOf(model, loraName(module, "A")), b: weightOf(model, loraName(module, "B")) };
  const [a, b] = [input("a", run.a.shape), input("b", run.b.shape)];
  const options = { alpha: adapted.scale, c: input("w", weight.shape) };
  const merged = transposed ? gemm(a, b, { ...options, transA: true, transB: true }) : gemm(b, a, options);
  const merge = await model.backend.compile(graph({ merged }));
  using wide = model.backend.value(Float32Array.from(w), weight.shape);
  using result = (await merge.run({ ...run, w: wide })).merged as Value;
  return Float32Array.from((await model.backend.read(result)) as Float32Array);
}

/** Folds the LoRA into the weights, which become float32, and forgets it. */
export async function mergeLora(model: Model): Promise<void> {
  for (const module of [...model.lora.keys()]) {
    const name = `${module}.weight`;
    const { shape } = weightOf(model, name);
    const merged = model.backend.value(await mergedWeight(model, module), shape);
    for (const old of [name, loraName(module, "A"), loraName(module, "B")]) {
      weightOf(model, old).dispose();
      model.weights.delete(old);
    }
    model.weights.set(name, merged);
    model.lora.delete(module);
  }
}
