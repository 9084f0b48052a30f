// Judges that ask a service, and that measure distances in a model's hidden states.

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { silent } from "../../../../core/events.ts";
import { startFakeService } from "../../../../text/fixtures/fake-model-service.ts";
import { openSession } from "../../../session.ts";
import { embedding } from "./embedding.ts";
import { service } from "./service.ts";

const mini = fileURLToPath(new URL("../../../../../models/mini/full", import.meta.url));

test("a service is told what to look for and gives tenths; its answer stands in no error", async () => {
  const fake = await startFakeService();
  try {
    const options = service.options.parse({ url: fake.url, model: "m", retries: 0 });
    const start = { description: "towns", report: silent } as never;
    using judge = await service.open(options, start);
    fake.answer((_call, number) => ({ content: number === 1 ? "7" : "10." }));
    expect(await judge.score(["a", "b"])).toEqual([0.7, 1]);
    expect(fake.calls[0]?.body.messages[0]?.content).toContain("towns");
    fake.answer(() => ({ content: "Ada lives in Oslo" }));
    await expect(judge.score(["a"])).rejects.toThrow(/^the judge "m" gave no number from 0 to 10$/);
    await expect(service.open(options, { report: silent } as never)).rejects.toThrow(/nothing to tell its model/);
  } finally {
    await fake.close();
  }
});

test("an embedding puts the description itself at 1 and what is empty at 0", async () => {
  using session = await openSession(mini, { device: "cpu", encoding: {}, report: silent });
  const start = { description: "In Oslo.", session, report: silent };
  using judge = await embedding.open(embedding.options.parse({}), start);
  const [same, other, empty] = await judge.score(["In Oslo.", "Where is 5?", ""]);
  expect(same).toBeCloseTo(1, 5);
  expect(other).toBeLessThan(0.99);
  expect(empty).toBe(0);
  await expect(embedding.open(embedding.options.parse({}), { ...start, description: undefined })).rejects.toThrow(
    /nothing to hold texts against/,
  );
});
