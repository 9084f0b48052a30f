import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, DataError, LetheError } from "../core/errors.ts";
import { formats } from "./formats/index.ts";
import { type LoadOptions, loadRecords } from "./load-records.ts";
import { answerOf, questionOf } from "./record.ts";
import { MAX_LINE_BYTES } from "./source-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lethe-data-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function load(name: string, content: string | Uint8Array, options: Omit<LoadOptions, "path"> = {}) {
  return loadRecords({ path: await put(name, content), ...options });
}

async function refusal(name: string, content: string | Uint8Array, options: Omit<LoadOptions, "path"> = {}) {
  const error = await load(name, content, options).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!LetheError.isInstance(error)) throw new Error(`expected a Lethe error, got ${error}`);
  return error;
}

const pairs = (records: Awaited<ReturnType<typeof load>>["records"]) =>
  records.map((record) => [questionOf(record), answerOf(record)]);

describe("formats are found out from the beginning of a file", () => {
  test("questions and answers, one object per line, whatever the file is called", async () => {
    const { records, format, reason } = await load(
      "tofu.json",
      '{"question":"Q\\/1?","answer":"A1","perturbed_answer":["x"]}\n{"id":"b","question":"Q2?","answer":"A2","alternate":"I do not know.","subject":"S","attribute":"x","scope":"private"}\n',
    );
    expect(format).toBe("qa-jsonl");
    expect(reason).toContain("question");
    expect(pairs(records)).toEqual([
      ["Q/1?", "A1"],
      ["Q2?", "A2"],
    ]);
    expect(records[0]).toMatchObject({ id: "tofu#1", place: { line: 1 } });
    expect(records[0]).not.toHaveProperty("alternate");
    expect(records[1]).toMatchObject({ id: "b", alternate: "I do not know.", subject: "S", scope: "private" });
  });

  test("questions and answers in one array, each with its own line", async () => {
    const { records } = await load(
      "array.json",
      '[\n {"question": "a", "answer": "b"},\n {"question": "c",\n "answer": "d"}]',
    );
    expect(records.map((record) => record.place?.line)).toEqual([2, 3]);
  });

  test("KnowUnDo's plain array", async () => {
    const { records, format } = await load(
      "unlearn_train.json",
      '[\n{"text": "Q", "labels": "A"},\n{"text": "R", "labels": "B"}\n]',
    );
    expect(format).toBe("knowundo");
    expect(pairs(records)).toEqual([
      ["Q", "A"],
      ["R", "B"],
    ]);
  });

  test("KnowUnDo's published shape, one split or all of them", async () => {
    const content = '[{"train": [{"text": "Q", "labels": "A"}],\n"val": [\n{"text": "R", "labels": "B"}]}]';
    expect(pairs((await load("unlearn.json", content)).records)).toEqual([
      ["Q", "A"],
      ["R", "B"],
    ]);
    const { records } = await load("unlearn.json", content, { split: "val" });
    expect(records).toMatchObject([{ id: "unlearn/val#1", question: "R", place: { line: 3 } }]);
    const error = await refusal("unlearn.json", content, { split: "test" });
    expect(error.hint).toBe("It has: train, val.");
  });

  test("conversations", async () => {
    const line = JSON.stringify({
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "u" },
        { role: "assistant", content: "a" },
      ],
    });
    const { records, format } = await load("chat.jsonl", line);
    expect(format).toBe("chat-jsonl");
    expect(pairs(records)).toEqual([["u", "a"]]);
  });

  test("texts, one object per line", async () => {
    expect((await load("t.jsonl", '{"text":"one"}\n{"text":"two"}')).format).toBe("text-jsonl");
  });

  test("plain text falls apart at blank lines, or is one document per file", async () => {
    const content = "a\nb\n\n \nc\n";
    const apart = await load("story.txt", content);
    expect(apart.records.map(answerOf)).toEqual(["a\nb", "c"]);
    expect(apart.records.map((record) => record.place?.line)).toEqual([1, 5]);
    const whole = await load("story.txt", content, { documents: "file" });
    expect(whole.records.map(answerOf)).toEqual(["a\nb\n\n \nc"]);
  });

  test("a folder of plain texts is read in the order of its names", async () => {
    await put("texts/b.txt", "second");
    await put("texts/a.txt", "first");
    await put("texts/sub/c.md", "third");
    await put("texts/ignored.bin", "no");
    const { records } = await loadRecords({ path: join(folder, "texts") });
    expect(records.map((record) => record.id)).toEqual(["a.txt#1", "b.txt#1", join("sub", "c.md#1")]);
  });

  test("an object of unknown shape is refused with its keys and the formats there are", async () => {
    const error = await refusal("odd.jsonl", '{"prompt":"a","completion":"b"}');
    expect(error.message).toContain("prompt, completion");
    expect(error.hint).toContain("qa-jsonl");
  });
});

describe("ordinary disorder is read", () => {
  const record = '{"question":"Wo?","answer":"Köln"}';
  test.each([
    ["a byte order mark", `\ufeff${record}\n`],
    ["CRLF line ends", `${record}\r\n`],
    ["no newline at the end", record],
    ["blank lines at the end", `${record}\n\n \n`],
  ])("%s", async (_, content) => {
    expect(pairs((await load("x.jsonl", content)).records)).toEqual([["Wo?", "Köln"]]);
  });

  test("characters and lines that fall on the border of two reads", async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `{"question":"${"ü".repeat(i % 97)}?","answer":"€${i}"}`);
    const { records } = await load("long.jsonl", lines.join("\n"));
    expect(records.map(answerOf)).toEqual(lines.map((_, i) => `€${i}`));
  });

  test("a limit stops reading, so that a mistake behind it is not seen", async () => {
    expect((await load("x.jsonl", `${record}\n${record}\nbroken`, { limit: 2 })).records).toHaveLength(2);
  });
});

describe("a bad line is named by file and line, with what was expected", () => {
  const good = '{"question":"a","answer":"b"}';
  test.each([
    ["broken JSON", `${good}\n{"question": "a", "ans`, 2, /not valid JSON.*expected \{"question"/],
    ["a missing field", `${good}\n{"question":"a"}`, 2, /"answer" is missing, got keys question/],
    ["a field of another type", `${good}\n{"question":"a","answer":7}`, 2, /"answer" must be text, got the number 7/],
    ["an empty answer", `${good}\n{"question":"a","answer":"  "}`, 2, /"answer" is empty/],
    ["a line that is no object", `${good}\n[1]`, 2, /got a list of 1, not an object/],
    ["an empty line between records", `${good}\n\n${good}`, 2, /this line is empty/],
    ["half a character", `${good}\n{"question":"a","answer":"\\ud800"}`, 2, /half a character/],
    [
      "an id used twice",
      '{"id":1,"question":"a","answer":"b"}\n{"id":"1","question":"a","answer":"b"}',
      2,
      /used twice/,
    ],
    ["an id that is none", '{"id":{},"question":"a","answer":"b"}', 1, /"id" must be/],
  ])("%s", async (_, content, line, message) => {
    const error = await refusal("bad.jsonl", content, { format: "qa-jsonl" });
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(error.place).toMatchObject({ file: join(folder, "bad.jsonl"), line });
  });

  test.each([
    ["an element that is no object", '[\n{"text":"a","labels":"b"},\n3]', 3],
    ["a missing label", '[\n{"text":"a","labels":"b"},\n\n{"text":"a"}]', 4],
    ["an array that is not closed", '[\n{"text":"a","labels":"b"}', 2],
    ["something behind the array", '[\n{"text":"a","labels":"b"}]\nx', 3],
    ["a split that is not closed", '[{"train": [\n{"text":"a","labels":"b"}', 1],
  ])("KnowUnDo: %s", async (_, content, line) => {
    const error = await refusal("bad.json", content, { format: "knowundo" });
    expect(error).toBeInstanceOf(DataError);
    expect(error.place?.line).toBe(line);
  });

  test.each([
    ["no list", '{"messages": 3}', /must be a list/],
    ["an unknown role", '{"messages": [{"role":"tool","content":"x"}]}', /allowed are system, user and assistant/],
    ["two users in a row", '{"messages": [{"role":"user","content":"x"},{"role":"user","content":"y"}]}', /take turns/],
    ["no answer", '{"messages": [{"role":"user","content":"x"}]}', /last message must be the assistant's/],
    ["nobody", '{"messages": []}', /last message must be the assistant's/],
  ])("conversation with %s", async (_, content, message) => {
    expect((await refusal("chat.jsonl", content, { format: "chat-jsonl" })).message).toMatch(message);
  });

  test("invalid UTF-8 and UTF-16", async () => {
    const latin1 = Buffer.from(`${good}\n{"question":"a","answer":"K\xf6ln"}`, "latin1");
    expect((await refusal("latin1.jsonl", latin1)).place).toMatchObject({ line: 2 });
    expect((await refusal("latin1.json", latin1, { format: "knowundo" })).place).toMatchObject({ line: 2 });
    const utf16 = Buffer.from(`\ufeff${good}`, "utf16le");
    expect((await refusal("utf16.jsonl", utf16, { format: "qa-jsonl" })).message).toContain("UTF-16");
  });

  test.each([
    ["nothing", ""],
    ["white space", " \n\n"],
    ["an empty array", "[]"],
  ])("a file of %s", async (_, content) => {
    expect(await refusal("empty.jsonl", content)).toBeInstanceOf(DataError);
    for (const format of formats.names()) {
      if (format === "text" && content === "[]") continue;
      expect(await refusal("empty.jsonl", content, { format })).toBeInstanceOf(DataError);
    }
  });

  test("a missing file, an unknown format, a bad limit, a split where there is none", async () => {
    await expect(loadRecords({ path: join(folder, "none.jsonl") })).rejects.toThrow(/no such file/);
    expect((await refusal("x.jsonl", good, { format: "qa_json" })).hint).toContain('Did you mean "qa-jsonl"');
    expect(await refusal("x.jsonl", good, { limit: 0 })).toBeInstanceOf(ConfigError);
    expect(await refusal("x.jsonl", good, { limit: Number.NaN })).toBeInstanceOf(ConfigError);
    expect(await refusal("x.jsonl", good, { split: "train" })).toBeInstanceOf(DataError);
  });
});

describe("no file makes a reader crash or eat memory", () => {
  test("a gigabyte without a newline is refused after 16 MiB", async () => {
    const path = join(folder, "sparse.jsonl");
    const file = await open(path, "w");
    await file.truncate(1024 ** 3);
    await file.close();
    const before = process.memoryUsage().rss;
    for (const format of ["qa-jsonl", "text"]) {
      await expect(loadRecords({ path, format })).rejects.toThrow(/longer than 16 MiB/);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(8 * MAX_LINE_BYTES);
    await rm(path);
  });

  test("a million brackets", async () => {
    for (const format of formats.names().filter((name) => name !== "text")) {
      const nested = "[".repeat(1_000_000);
      expect(await refusal("deep.json", nested, { format })).toBeInstanceOf(DataError);
      expect(await refusal("deep.json", `{"text":${nested}${"]".repeat(1_000_000)}}`, { format })).toBeInstanceOf(
        DataError,
      );
    }
  });

  const valid: Record<string, string> = {
    "qa-jsonl": '{"question":"a","answer":"b","alternate":"c"}\n{"question":"d","answer":"e"}\n',
    knowundo: '[{"train":[{"text":"a","labels":"b"}],"val":[{"text":"c","labels":"d"}]}]',
    choices: '{"question":"a","choices":["b","c"],"answer":1}\n{"ctx":"d","endings":["e","f"],"label":"0"}\n',
    continuation: '{"prompt":"a","gt":"b"}\n{"prompt":"c","gt":"d"}\n',
    "text-list": '["a",\n"b"]',
    "chat-jsonl": '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}\n',
    "text-jsonl": '{"text":"a"}\n{"text":"b"}\n',
    mbpp: '{"task_id":1,"text":"a","code":"b","test_list":["c"]}\n{"task_id":2,"text":"d","code":"e","test_list":["f"]}\n',
    humaneval:
      '{"task_id":"a","prompt":"b","canonical_solution":"c","test":"d","entry_point":"e"}\n{"task_id":"f","prompt":"g","canonical_solution":"h","test":"i","entry_point":"j"}\n',
    hatecheck: 'test_case,label_gold,templ_id\n"a",b,1\nc,d,2\n',
    conll: "a B-PER\nb O\n\nc I-LOC\n",
    text: "a\n\nb\n",
    "fictional-people": "generator: fictional-people\nseed: 1\npeople: 12\nforgotten: 2\nsampledOthers: 2\n",
  };

  test.each(formats.names())("600 random and 600 damaged files of the format %s", async (format) => {
    const path = join(folder, `fuzz-${format}`);
    const check = async (content: Uint8Array) => {
      await writeFile(path, content);
      // The length decides whether the format is named or has to be found out.
      const named = content.length % 2 === 0 ? { format } : {};
      try {
        const { records } = await loadRecords({ path, ...named });
        for (const record of records) expect(answerOf(record)).not.toBe("");
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    };
    const damage = fc.array(
      fc.record({ at: fc.nat(1000), remove: fc.nat(4), insert: fc.uint8Array({ maxLength: 4 }) }),
      { minLength: 1, maxLength: 4 },
    );
    const jsonish = fc.array(
      fc.oneof(
        fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "\\", "\n", "\r\n", '"text"', '"labels"', '"train"'),
        fc.json(),
      ),
    );
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      jsonish.map((parts) => Buffer.from(parts.join(""))),
    );
    await fc.assert(fc.asyncProperty(noise, check), { numRuns: 600 });
    await fc.assert(
      fc.asyncProperty(damage, async (edits) => {
        let bytes = Buffer.from(valid[format] as string);
        for (const { at, remove, insert } of edits) {
          const place = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
        }
        await check(bytes);
      }),
      { numRuns: 600 },
    );
  });
});
