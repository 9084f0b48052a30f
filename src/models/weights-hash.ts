// One SHA-256 over all of a model's weights: tells whether two models are the same, whatever files they came from.

import { createHash } from "node:crypto";
import { isLoraWeight } from "./lora.ts";
import { type Model, weightOf } from "./model.ts";

/** Over names, dtypes, shapes and contents, in order of name. LoRA matrices count as weights unless `lora` is false. */
export async function hashWeights(model: Model, { lora = true }: { readonly lora?: boolean } = {}): Promise<string> {
  const hash = createHash("sha256");
  const names = [...model.weights.keys()].filter((name) => lora || !isLoraWeight(name));
  for (const name of names.sort()) {
    const value = weightOf(model, name);
    const data = await model.backend.read(value);
    hash.update(JSON.stringify([name, value.dtype, value.shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
