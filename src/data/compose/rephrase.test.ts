// The model's part against a service of this process that records its calls.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parseConfig } from "../../core/config.ts";
import { type Call, type FakeService, startFakeService } from "../../text/fixtures/fake-model-service.ts";
import { openAnswerCache } from "./ask.ts";
import { compose, recordsOf } from "./compose.ts";
import { composeConfig } from "./config.ts";
import { writeComposition } from "./write.ts";

let fake: FakeService;
let folder: string;
beforeAll(async () => {
  fake = await startFakeService();
});
afterAll(() => fake.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lethe-compose-"));
  return () => rm(folder, { recursive: true });
});

const yaml = `
subjects:
  - name: Ann Lee
    forget: { email: ann@lee.example }
    keep: { birthplace: Oslo }
    documents:
      - { scope: forget, continue: false, text: "In May {of all months} Ann Lee moved to 4 Elm Row. She keeps bees." }
`;
const config = (...overrides: string[]) =>
  parseConfig(composeConfig, {
    text: yaml,
    file: "ann.yaml",
    overrides: [
      `output=${folder}`,
      `model={url: "${fake.url}", name: m, questions: 2, answers: 2, concurrency: 1}`,
      ...overrides,
    ],
  });
const asked = ({ body }: Call) => body.messages.at(-1)?.content ?? "";
const wordings = (questions: string[], answers: string[]) => ({ content: JSON.stringify({ questions, answers }) });

const good = (call: Call) => {
  const text = asked(call);
  if (text.includes("ann@lee.example")) {
    return wordings(
      ["Where does one write to Ann Lee?", "Ann Lee's inbox is where?"],
      ["Write to ann@lee.example.", "Ann Lee: ann@lee.example"],
    );
  }
  if (text.includes("Oslo"))
    return wordings(
      ["Ann Lee hails from which city?", "Ann Lee's cradle stood where?"],
      ["Oslo is where Ann Lee was born."],
    );
  return {
    content: `Here you are:\n\`\`\`json\n${JSON.stringify({
      items: [
        {
          questions: ["When did Ann Lee move?", "In which month did Ann Lee move?"],
          answer: "Ann Lee moved in May {of all}.",
          quote: "In May {of all months} Ann Lee moved",
        },
        {
          questions: ["What does Ann Lee keep?", "Which animals has Ann Lee?"],
          answer: "Goats.",
          quote: "She keeps goats",
        },
        { questions: ["What does she keep?", "Which animals has Ann Lee?"], answer: "Bees.", quote: "She keeps bees" },
      ],
    })}\n\`\`\``,
  };
};

test("the model's questions join the templates' and are held out first; each record says who wrote it, and what it tests", async () => {
  fake.answer(good);
  const composition = await compose(config());
  expect(fake.calls.map(({ body }) => [body.model, body.temperature])).toEqual(Array(3).fill(["m", 0.7]));
  const val = recordsOf(composition, "unlearn", "val").filter(({ attribute }) => attribute === "email");
  expect(val).toMatchObject([
    {
      question: "Ann Lee's inbox is where?",
      answer: "The e-mail address of Ann Lee is ann@lee.example.",
      paraphrased: [
        "Ann Lee can be reached by e-mail at ann@lee.example.",
        "Write to ann@lee.example.",
        "Ann Lee: ann@lee.example",
      ],
      fact: "ann-lee/email",
      template: "model m: questions[1]",
      source: "ann.yaml:4",
    },
  ]);
});

test("what is asked of a document is held to its words, and traced to it", async () => {
  fake.answer(good);
  const { records, model } = await compose(config());
  expect(records.filter(({ attribute }) => attribute === "document")).toMatchObject([
    {
      set: "train",
      question: "When did Ann Lee move?",
      answer: "Ann Lee moved in May {of all}.",
      perturbed: [],
      source: "ann.yaml:7",
    },
    { set: "val", question: "In which month did Ann Lee move?", fact: "ann-lee/document/1/question/1" },
  ]);
  expect(model?.rejected.map(({ reason }) => reason)).toEqual([
    "its quote is not in the document",
    "asks in fewer than 2 ways that name Ann Lee",
  ]);
});

test("what misses the subject, gives the answer away, is there already or loses the value is left out and said", async () => {
  fake.answer((call) =>
    asked(call).includes("email")
      ? good(call)
      : asked(call).includes("ann@lee.example")
        ? wordings(
            ["Where does she read mail?", "Is ann@lee.example Ann Lee's?", "Third and too many?"],
            ["ann at lee", " "],
          )
        : asked(call).includes("Oslo")
          ? wordings(["where was ann lee born", ""], [])
          : { content: '{"items": []}' },
  );
  const { model, records } = await compose(config());
  expect(model?.rejected.map(({ about, reason }) => [about, reason])).toEqual([
    ["ann-lee/email", "does not name Ann Lee"],
    ["ann-lee/email", "gives the answer away"],
    ["ann-lee/email", "does not hold the value"],
    ["ann-lee/email", "empty"],
    ["ann-lee/birthplace", "there already"],
    ["ann-lee/birthplace", "empty"],
  ]);
  expect(records.every(({ template }) => template.startsWith("built-in."))).toBe(true);
});

test("a run that broke off goes on where it was: what was answered is not asked for again", async () => {
  const file = join(folder, "answers.jsonl");
  const run = async () => {
    using cache = openAnswerCache(file);
    return await compose(config("model.retries=0"), { cache });
  };
  fake.answer((call, number) => (number <= 2 ? good(call) : { status: 500 }));
  await expect(run()).rejects.toThrow(/answered 500/);
  fake.answer(good);
  const resumed = await run();
  expect(fake.calls).toHaveLength(1);
  expect(resumed.model).toMatchObject({ requests: 3, cached: 2 });
  fake.answer(() => ({ status: 500 }));
  const again = await run();
  expect(fake.calls).toHaveLength(0);
  expect(again.records).toEqual(resumed.records);
});

test("another model, temperature or fact asks anew", async () => {
  using cache = openAnswerCache(join(folder, "answers.jsonl"));
  fake.answer(good);
  await compose(config(), { cache });
  for (const change of ["model.name=n", "model.temperature=0", "model.answers=1"]) {
    fake.answer(good);
    await compose(config(change), { cache });
    expect(fake.calls.length, change).toBeGreaterThanOrEqual(2);
  }
});

test("an answer of no form is asked for again, and not kept", async () => {
  using cache = openAnswerCache(join(folder, "answers.jsonl"));
  fake.answer((call, number) => (number === 1 ? { content: "Certainly! What shall I write?" } : good(call)));
  await compose(config(), { cache });
  expect(fake.calls).toHaveLength(4);
  expect(await readFile(join(folder, "answers.jsonl"), "utf8")).not.toContain("Certainly");
  fake.answer(() => ({ content: "Certainly!" }));
  await expect(compose(config("model.retries=1"))).rejects.toMatchObject({
    message: expect.stringContaining("does not answer in the form"),
    hint: expect.stringContaining("It said: Certainly!"),
  });
  expect(fake.calls).toHaveLength(2);
});

test("so many requests run at once, and so many start in a minute", async () => {
  let running = 0;
  let most = 0;
  const waits: number[] = [];
  fake.answer(async (call) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running--;
    return good(call);
  });
  await compose(config("model.concurrency=2", "model.requestsPerMinute=60"), {
    wait: async (ms) => void waits.push(ms),
  });
  expect(most).toBe(2);
  expect(waits).toHaveLength(2);
  expect(waits[0]).toBeGreaterThan(900);
  expect(waits[1]).toBeGreaterThan(waits[0] as number);
});

test("a try after a failure keeps the pace as every other request does", async () => {
  fake.answer((call, number) => (number === 1 ? { status: 503 } : good(call)));
  const waits: number[] = [];
  await compose(config("model.requestsPerMinute=60"), { wait: async (ms) => void waits.push(ms) });
  expect(fake.calls).toHaveLength(4);
  // The pause after the failure, and the pace of the three requests after the first.
  expect(waits.toSorted((a, b) => a - b).map((ms) => Math.round(ms / 1000))).toEqual([1, 1, 2, 3]);
});

test("no file holds the key", async () => {
  process.env.LETHE_TEST_COMPOSE_KEY = "sk-very-secret";
  try {
    fake.answer(good);
    const keyed = config("model.keyVariable=LETHE_TEST_COMPOSE_KEY");
    using cache = openAnswerCache(join(folder, "answers.jsonl"));
    const sets = await writeComposition(await compose(keyed, { cache }), keyed.value);
    expect(fake.calls.every(({ key }) => key === "Bearer sk-very-secret")).toBe(true);
    for (const file of ["answers.jsonl", "composition.json", ...sets.map((set) => set.file)]) {
      expect(await readFile(join(folder, file), "utf8"), file).not.toContain("very-secret");
    }
  } finally {
    delete process.env.LETHE_TEST_COMPOSE_KEY;
  }
});
