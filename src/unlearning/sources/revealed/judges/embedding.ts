// Judges by distance: cosine of a text's and the description's mean hidden states in a model. Sees what that model's states hold, no more.

import { z } from "zod";
import { ConfigError } from "../../../../core/errors.ts";
import { createStageRunner, type StageRunner } from "../../../../models/stage-runner.ts";
import { openSession, type Session } from "../../../session.ts";
import { defineJudge } from "./judge.ts";

export const embedding = defineJudge({
  name: "embedding",
  summary: "cosine of mean hidden states of a text and of the examples or the description",
  options: z.strictObject({
    model: z.string().optional().describe("whose hidden states; the model that is asked, when left out"),
    examples: z.array(z.string().min(1)).default([]).describe("texts such as must go; the nearest counts"),
  }),
  async open({ model, examples }, { description, session, report, signal }) {
    const anchors = examples.length > 0 ? examples : description === undefined ? [] : [description];
    if (anchors.length === 0) {
      throw new ConfigError('judge "embedding" has nothing to hold texts against', {
        place: { key: "source.judge.examples" },
        hint: "Give examples, or describe what must go.",
      });
    }
    const own =
      model === undefined ? undefined : await openSession(model, { device: "cpu", encoding: {}, report, signal });
    const from = own ?? session;
    const runner = createStageRunner(from.model); // kept: its programs serve every text
    const centres: Float32Array[] = [];
    for (const text of anchors) centres.push(await meanState(runner, from, text));
    return {
      async score(texts, scoreSignal) {
        const scores: number[] = [];
        for (const text of texts) {
          scoreSignal?.throwIfAborted();
          const state = await meanState(runner, from, text);
          scores.push(Math.max(0, ...centres.map((centre) => cosine(state, centre))));
        }
        return scores;
      },
      [Symbol.dispose]: () => own?.[Symbol.dispose](),
    };
  },
});

async function meanState(
  runner: StageRunner,
  { model, tokenizer }: Pick<Session, "model" | "tokenizer">,
  text: string,
): Promise<Float32Array> {
  const ids = Int32Array.from(tokenizer.encode(text, { addSpecialTokens: false })).slice(0, model.config.maxPositions);
  const { hiddenSize } = model.config;
  const mean = new Float32Array(hiddenSize);
  if (ids.length === 0) return mean;
  const seq = Math.min(8 * Math.ceil(ids.length / 8), model.config.maxPositions);
  const padded = new Int32Array(seq);
  padded.set(ids);
  using pass = await runner.forward({ batch: 1, seq, ids: padded });
  const states = await runner.hiddenRows(pass, Int32Array.from(ids.keys()));
  states.forEach((x, i) => {
    mean[i % hiddenSize] = (mean[i % hiddenSize] as number) + x / ids.length;
  });
  return mean;
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, each, i) => sum + each * (y[i] as number), 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : Math.min(1, dot(a, b) / lengths);
}
