// Reads the public data sets as they were published. Needs ../shared/data beside the repository.

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { createBatchSchedule, findOverlap, loadRecords, paddingWaste } from "../../src/data/index.ts";

const data = "../shared/data";
const present = existsSync(data);

describe.skipIf(!present)(`published data sets${present ? "" : ` (skipped: ${data} is missing)`}`, () => {
  test.each([
    ["knowundo-privacy/full.json", "knowundo", 1059],
    ["knowundo-privacy/unlearn_train.json", "knowundo", 400],
    ["knowundo-privacy/unlearn_val.json", "knowundo", 110],
    ["knowundo-privacy/retention_train.json", "knowundo", 441],
    ["knowundo-privacy/retention_val.json", "knowundo", 108],
    ["tofu/full.json", "qa-jsonl", 4000],
    ["tofu/forget10.json", "qa-jsonl", 400],
    ["tofu/retain90.json", "qa-jsonl", 3600],
    ["tofu/forget10_perturbed.json", "qa-jsonl", 400],
    ["tofu/world_facts.json", "qa-jsonl", 117],
  ])("%s is recognised and read whole", async (file, format, count) => {
    const loaded = await loadRecords({ path: `${data}/${file}` });
    expect(loaded.format).toBe(format);
    expect(loaded.records).toHaveLength(count);
  });

  test("no KnowUnDo question is in two files, and no TOFU forget record in its retain set", async () => {
    const read = async (file: string) => (await loadRecords({ path: `${data}/${file}` })).records;
    const unlearn = await read("knowundo-privacy/unlearn_train.json");
    expect(findOverlap(unlearn, await read("knowundo-privacy/retention_train.json"))).toEqual([]);
    expect(findOverlap(await read("tofu/forget10.json"), await read("tofu/retain90.json"))).toEqual([]);
    expect(findOverlap(await read("tofu/forget10.json"), await read("tofu/full.json"))).toHaveLength(400);
  });

  test.each(["knowundo-privacy/full.json", "tofu/full.json"])(
    "batches of %s waste less than 10 % on padding",
    async (file) => {
      const { records } = await loadRecords({ path: `${data}/${file}` });
      // Words and punctuation stand in for tokens: the spread of lengths is what matters.
      const lengths = records.map((record) => {
        return record.kind === "question-answer"
          ? (`${record.question} ${record.answer}`.match(/\w+|[^\w\s]/g)?.length ?? 1)
          : 1;
      });
      const { epoch, buckets } = createBatchSchedule(lengths, { batchSize: 16, random: createRandom(1) });
      expect(buckets.length).toBeLessThanOrEqual(8);
      expect(paddingWaste(lengths, epoch(0))).toBeLessThan(0.1);
    },
  );
});
