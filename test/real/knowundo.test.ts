// The whole path on KnowUnDo's real records, small: a model learns the validation questions of both scopes by heart, forgets one scope with
// GradDiff, and loses far more of it than of the other.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { train, unlearn } from "../../src/reporting/index.ts";

const data = fileURLToPath(new URL("../../../shared/data/knowundo-privacy", import.meta.url));
const missing = existsSync(data) ? "" : ` (skipped: ${data} is missing)`;
const folder = await mkdtemp(join(tmpdir(), "lethe-knowundo-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const sets = {
  unlearn: { data: join(data, "unlearn_val.json"), role: "forget" as const },
  retention: { data: join(data, "retention_val.json"), role: "retain" as const },
};
const metrics: [string, ...string[]] = ["token-accuracy"];

test.skipIf(missing !== "")(
  `a small model learns KnowUnDo's questions and forgets one scope${missing}`,
  { timeout: 300_000 },
  async () => {
    const taught = await train({
      model: {
        init: "random",
        config: {
          model_type: "llama",
          hidden_size: 128,
          num_hidden_layers: 3,
          num_attention_heads: 4,
          intermediate_size: 344,
          max_position_embeddings: 192,
          tie_word_embeddings: true,
          initializer_range: 0.06,
        },
        tokenizer: { vocabularySize: 1024 },
      },
      data: [sets.unlearn.data, sets.retention.data],
      training: { epochs: 30, batchSize: 16, learningRate: 2e-3, warmup: 20, finalRatio: 0.1, beta2: 0.95 },
      evaluation: { metrics, sets },
      output: join(folder, "target"),
    });
    const accuracy = (evaluations: typeof taught.evaluations, column: string, set: string) =>
      evaluations.find((e) => e.column === column)?.sets.find((s) => s.set === set)?.metrics["token-accuracy"]
        ?.value as number;
    expect(accuracy(taught.evaluations, "after", "unlearn")).toBeGreaterThan(0.97);
    expect(accuracy(taught.evaluations, "after", "retention")).toBeGreaterThan(0.97);

    const forgotten = await unlearn({
      model: join(folder, "target/model"),
      objective: "grad-diff",
      forget: sets.unlearn.data,
      retain: sets.retention.data,
      training: { steps: 40, batchSize: 16, learningRate: 5e-4, schedule: "cosine" },
      evaluation: { metrics, sets },
      output: join(folder, "grad-diff"),
    });
    expect(accuracy(forgotten.evaluations, "before", "unlearn")).toBeGreaterThan(0.97);
    expect(accuracy(forgotten.evaluations, "after", "unlearn")).toBeLessThan(0.3);
    expect(accuracy(forgotten.evaluations, "after", "retention")).toBeGreaterThan(0.7);
  },
);
