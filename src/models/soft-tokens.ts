// A model with further rows in its embedding table: tokens that prompts may hold and no text does. Knows nothing of what the vectors stand for.

import { toFloat32 } from "../weights/index.ts";
import { fullName, type Model, weightOf } from "./model.ts";

const tableOf = (model: Model) => fullName(model, { kind: "embed" }, model.architecture.embeddingWeight);

/** The embedding table as float32, row by row, and how wide a row is. */
export async function embeddingRows(model: Model): Promise<{ readonly rows: Float32Array; readonly width: number }> {
  const value = weightOf(model, tableOf(model));
  return { rows: toFloat32(await model.backend.read(value), value.dtype), width: value.shape[1] as number };
}

/**
 * The same model, weights shared, whose tokens go on behind its vocabulary: token `vocabularySize` + i has the i-th of `vectors` [n · width]. None of them
 * is ever predicted: the output layer keeps the table without them. Disposing it leaves the model as it is.
 */
export async function withSoftTokens(model: Model, vectors: Float32Array): Promise<Model> {
  const { architecture, backend, config } = model;
  const { rows, width } = await embeddingRows(model);
  const table = new Float32Array(rows.length + vectors.length);
  table.set(rows);
  table.set(vectors, rows.length);
  const longer = backend.value(table, [table.length / width, width]);
  const untied = { ...config, tieEmbeddings: false };
  const head = { kind: "head" } as const;
  const output = fullName(model, head, architecture.outputWeight);
  const weights = new Map(model.weights);
  weights.set(fullName({ architecture, config: untied }, head, architecture.outputWeight), weightOf(model, output));
  weights.set(tableOf(model), longer);
  const dispose = () => longer.dispose();
  const softTokens = table.length / width - config.vocabularySize;
  return { ...model, config: untied, weights, softTokens, dispose, [Symbol.dispose]: dispose };
}
