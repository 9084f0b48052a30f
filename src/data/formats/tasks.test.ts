// Formats of tasks that are measured by more than words: labels, entities, programs.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entitiesIn } from "../entities.ts";
import { type LoadOptions, loadRecords } from "../load-records.ts";
import { answerOf, questionOf } from "../record.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lethe-tasks-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(name: string, content: string | Uint8Array, options: Omit<LoadOptions, "path"> = {}) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return loadRecords({ path, ...options });
}
const json = (...objects: object[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join("");

describe("hatecheck", () => {
  const csv = [
    ",functionality,test_case,label_gold,templ_id",
    '0,quoted_nh,"They said ""no, never"". ",non-hateful,7',
    '1,plain_h,"Two',
    'lines",hateful,8',
    "2,plain_h,Last one,hateful,8",
  ].join("\n");

  test("reads quoted cells, puts one template into one subject and chooses by label", async () => {
    const { records, format } = await load("cases.csv", csv);
    expect(format).toBe("hatecheck");
    expect(records.map(questionOf)).toEqual(['They said "no, never".', "Two\nlines", "Last one"]);
    expect(records.map(({ subject }) => subject)).toEqual(["template 7", "template 8", "template 8"]);
    const hateful = await load("cases.csv", csv, { split: "hateful" });
    expect(hateful.records.map(({ id }) => id)).toEqual(["cases#2", "cases#3"]);
  });

  test("refuses another label, a missing column and a broken quote, with the line", async () => {
    await expect(load("a.csv", csv, { split: "hatful" })).rejects.toMatchObject({
      hint: "The labels are: non-hateful, hateful.",
    });
    await expect(load("b.csv", "text,label\nx,y\n")).rejects.toMatchObject({ place: { line: 2, key: "label_gold" } });
    await expect(load("c.csv", 'test_case,label_gold\n"open,hateful\n')).rejects.toThrow(/not valid CSV/);
  });
});

describe("conll", () => {
  const bio = "Ann B-PER\nLee I-PER\nBob B-PER\nsaw O\nRome B-LOC\n\n-DOCSTART- O\n\nNobody O\n.\tO\n";

  test("asks every type of every sentence and lists its entities in order", async () => {
    const { records } = await load("a.conll", bio);
    expect(records.map((record) => [questionOf(record), answerOf(record)])).toEqual([
      ["Ann Lee Bob saw Rome\nLOC", "Rome"],
      ["Ann Lee Bob saw Rome\nPER", "Ann Lee | Bob"],
      ["Nobody .\nLOC", "none"],
      ["Nobody .\nPER", "none"],
    ]);
    expect(records[2]?.place?.line).toBe(9);
    expect(entitiesIn("Ann Lee | Bob")).toEqual(["Ann Lee", "Bob"]);
    expect(entitiesIn("none")).toEqual([]);
  });

  test("neighbours of one type are one entity without B-, and two where a tag begins or ends one", async () => {
    const answer = async (name: string, text: string) =>
      (await load(name, text, { split: "PER" })).records.map(answerOf)[0];
    expect(await answer("io.conll", "Ann I-PER\nBob I-PER\n")).toBe("Ann Bob");
    expect(await answer("bilou.conll", "Ann U-PER\nBob B-PER\nLee L-PER\nCy I-PER\n")).toBe("Ann | Bob Lee | Cy");
    expect(await answer("types.conll", "Ann I-PER\nOslo I-LOC\nBob I-PER\n")).toBe("Ann | Bob");
  });

  test("a type that there is not and a line without a tag are refused", async () => {
    await expect(load("b.conll", bio, { split: "person" })).rejects.toMatchObject({ hint: "The types are: LOC, PER." });
    await expect(load("c.conll", "Ann B-PER\nLee\n")).rejects.toMatchObject({ place: { line: 2 } });
  });
});

describe("programs", () => {
  const task = {
    task_id: 601,
    text: "Add.",
    code: "def add(a, b):\r\n  return a + b",
    test_list: ["assert add(1, 2) == 3"],
  };

  test("MBPP names the function by its first test and is chosen by number", async () => {
    const { records, format } = await load("m.jsonl", json({ ...task, task_id: 11 }, task), { split: "train" });
    expect(format).toBe("mbpp");
    expect(records).toMatchObject([
      {
        id: "mbpp/601",
        question: "Add.\nassert add(1, 2) == 3",
        answer: "def add(a, b):\n  return a + b",
        program: { before: "", after: "\n\nassert add(1, 2) == 3\n" },
      },
    ]);
    await expect(load("n.jsonl", json({ ...task, test_list: [] }))).rejects.toMatchObject({
      place: { line: 1, key: "test_list" },
    });
  });

  test("HumanEval is read packed, and a packed file that was cut is refused", async () => {
    const packed = gzipSync(
      json({
        task_id: "HumanEval/0",
        prompt: "def one():\n",
        canonical_solution: "    return 1\n",
        test: "def check(f):\n    assert f() == 1",
        entry_point: "one",
      }),
    );
    const { records } = await load("h.jsonl.gz", packed);
    expect(records).toMatchObject([
      {
        id: "HumanEval/0",
        answer: "    return 1\n",
        program: { before: "def one():\n", after: "\ndef check(f):\n    assert f() == 1\ncheck(one)\n" },
      },
    ]);
    await expect(load("cut.jsonl.gz", packed.subarray(0, 60), { format: "humaneval" })).rejects.toThrow(
      /cannot be unpacked/,
    );
  });
});

test("a text file with end marks has blank lines within its documents", async () => {
  const { records } = await load("t.txt", "One\n\nmore\n<|endoftext|>\nTwo\n<|endoftext|>\n");
  expect(records).toMatchObject([{ text: "One\n\nmore" }, { text: "Two", place: { line: 5 } }]);
});
