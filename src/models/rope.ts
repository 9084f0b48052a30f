// Rotary position tables: cos and sin of position × frequency, with Hugging Face's `linear` and `llama3` scaling.

import type { ModelConfig, RopeConfig } from "./architecture.ts";

/** Inverse frequencies theta^(−2i/d), i = 0 … d/2−1, after scaling. */
export function inverseFrequencies(rope: RopeConfig, headDim: number): Float64Array {
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => rope.theta ** ((-2 * i) / headDim));
  const scaling = rope.scaling;
  if (!scaling) return frequencies;
  if (scaling.type === "linear") return frequencies.map((f) => f / scaling.factor);
  // Llama 3: long wavelengths are divided by `factor`, short ones kept, those between interpolated.
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = scaling;
  return frequencies.map((f) => {
    const wavelength = (2 * Math.PI) / f;
    if (wavelength < originalMaxPositions / high) return f;
    if (wavelength > originalMaxPositions / low) return f / factor;
    const smooth = (originalMaxPositions / wavelength - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}

/** cos and sin, each [positions, headDim / 2]. */
export function rotaryTables(config: ModelConfig, positions: number): { cos: Float64Array; sin: Float64Array } {
  const frequencies = inverseFrequencies(config.rope, config.headDim);
  const half = frequencies.length;
  const angles = new Float64Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) angles[p * half + i] = p * (frequencies[i] as number);
  }
  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
}
