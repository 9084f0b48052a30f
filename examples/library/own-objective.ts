// A new objective is one function of row quantities. This one raises the entropy of the forgotten answers' tokens (maximum entropy,
// 2410.08109) and keeps the retained ones; the engine derives the gradient, whatever weights move.

import { createRandom } from "lethe/core";
import { encodeRecords, loadRecords } from "lethe/data";
import { loadModel } from "lethe/models";
import { createOrtBackend } from "lethe/runtime";
import { add, mul } from "lethe/tensor";
import { loadTokenizer } from "lethe/text";
import { createBatchSupply, fit, type Loss } from "lethe/training";

const maximumEntropy: Loss = {
  name: "maximum-entropy",
  branches: ["forget", "retain"],
  terms: ({ forget, retain }) => {
    const flat = forget.meanOf("kl-from-uniform"); // KL(U ‖ p), mean over answer tokens
    const kept = retain.meanNll();
    return { loss: add(mul(flat, 0.1), kept), terms: { forget: flat, retain: kept } };
  },
};

/** Trains `steps` steps and returns KL(U ‖ p) on the forgotten answers at the first and the last step. */
export async function flatten(steps: number) {
  using backend = await createOrtBackend({ device: "cpu" });
  using model = loadModel("models/mini/full", backend);
  const tokenizer = loadTokenizer("models/mini/full");
  const encode = async (split: string) => {
    const { records } = await loadRecords({ path: "models/mini/data.yaml", split });
    return encodeRecords(tokenizer, records, { contextLength: model.config.maxPositions });
  };
  const examples = { forget: await encode("forget"), retain: await encode("train-without") };
  const seen: number[] = [];
  await fit({
    model,
    trainable: [...model.weights.keys()].filter((name) => name.includes(".mlp.")),
    loss: maximumEntropy,
    batches: createBatchSupply(examples, { batchSize: 8, random: createRandom(0) }),
    schedule: { schedule: "cosine", learningRate: 1e-3, warmupSteps: 2, totalSteps: steps, finalRatio: 0 },
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    accumulation: 1,
    clipNorm: 1,
    report: (event) => {
      if (event.type === "step-end") seen.push(event.terms.forget as number);
    },
  });
  return { first: seen[0] as number, last: seen.at(-1) as number };
}
