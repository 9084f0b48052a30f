// Layer numbers that a scope was given, held against the model's.

import { ConfigError } from "../../core/errors.ts";
import type { Model } from "../../models/model.ts";

/** @throws ConfigError for a layer that the model does not have. */
export function refuseMissingLayers({ config }: Pick<Model, "config">, layers: readonly number[]): void {
  const outside = layers.find((layer) => layer >= config.layers);
  if (outside === undefined) return;
  throw new ConfigError(`layer ${outside} is outside the model's ${config.layers} layers`, {
    place: { key: "scope" },
    hint: `layers are numbered 0 to ${config.layers - 1}`,
  });
}
