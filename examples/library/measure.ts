// Measuring without a run: open a model, ask for values with intervals, let it answer a question of one's own.

import { silent } from "lethe/core";
import { encodePrompt } from "lethe/data";
import { evaluate, evaluationOptions, prepareBenchmark } from "lethe/evaluation";
import { generate } from "lethe/generation";
import { openSession } from "lethe/unlearning";

/** What the model says to `question`, and the probability of the answers to ten of the forgotten people's questions. */
export async function measure(folder: string, question: string) {
  const encoding = { template: "question-answer", separator: "\n\n" } as const;
  using session = await openSession(folder, { device: "cpu", encoding, report: silent });
  const options = evaluationOptions.parse({
    metrics: ["probability"],
    sets: { forgotten: { data: { path: "models/mini/data.yaml", split: "forget", limit: 10 }, role: "forget" } },
  });
  const benchmark = await prepareBenchmark(session, options);
  const { sets } = await evaluate(session, benchmark, { column: "measured", seed: 0, report: silent });

  const record = { kind: "question-answer", id: "own", question, answer: "" } as const;
  const prompt = encodePrompt(session.tokenizer, record, session.encoding);
  const [answer] = await generate(session.model, [prompt], { maxNewTokens: 24, stopIds: session.tokenizer.endIds });
  return { probability: sets[0]?.metrics.probability, answer: session.tokenizer.decode(answer?.ids ?? []) };
}
