// One SHA-256 over all of a model's weights: tells whether two models are the same, whatever files they came from.

import { createHash } from "node:crypto";
import { type Model, weightOf } from "./model.ts";

/** Over names, dtypes, shapes and contents, in order of name. LoRA matrices count as weights. */
export async function hashWeights(model: Model): Promise<string> {
  const hash = createHash("sha256");
  for (const name of [...model.weights.keys()].sort()) {
    const value = weightOf(model, name);
    const data = await model.backend.read(value);
    hash.update(JSON.stringify([name, value.dtype, value.shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
