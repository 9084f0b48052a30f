// `lethe dataset compose` as a user meets it: the table of what should not be, --strict, and what is wrong with the command line.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { main } from "../main.ts";

let folder: string;
let width = 100;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lethe-dataset-command-"));
  return () => rm(folder, { recursive: true });
});

const leaky = `subjects:
  - name: Ann Lee
    forget: { email: ann@lee.example, award: [Wren, Laurel] }
    keep: { genre: letters signed ann@lee.example }
`;

async function lethe(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(["dataset", ...line], {
    terminal: {
      interactive: false,
      color: false,
      width,
      print: (text) => void out.push(text),
      draw: (text) => void err.push(text),
    },
  });
  return { code, out: out.join("\n"), err: err.join("") };
}

const compose = async (...rest: string[]) => {
  const file = join(folder, "ann.yaml");
  await writeFile(file, leaky);
  return lethe("compose", file, `output=${join(folder, "set")}`, ...rest);
};

test("leaks and double answers stand in a table with the lines they come from, and the set is written", async () => {
  const { code, out } = await compose();
  expect(code).toBe(0);
  expect(out).toContain(
    [
      "forgotten-answer: a kept record holds a forgotten answer (1)",
      "line  to forget      line  to keep        what",
      ":3    ann-lee/email  :4    ann-lee/genre  ann@lee.example (+3)",
    ].join("\n"),
  );
  expect(out).toMatch(/two-answers: one question has two answers \(1\)\nline\s+first/);
  expect(existsSync(join(folder, "set", "unlearn_train.json"))).toBe(true);
  expect(JSON.parse(await readFile(join(folder, "set", "composition.json"), "utf8")).findings).toHaveLength(2);
});

test("in a narrow terminal what two records share stands below them, and of many only the first of each kind", async () => {
  width = 60;
  try {
    const { out } = await compose(
      `subjects.0.keep={${Array.from({ length: 14 }, (_, i) => `n${i}: see ann@lee.example ${i}`).join(", ")}}`,
    );
    expect(out).toMatch(/:3 {4}ann-lee\/email {2}\S+ {2,}ann-lee\/n0\n {6}ann@lee\.example \(\+3\)\n:3/);
    expect(out).toMatch(/forgotten-answer.*\(14\)/);
    expect(out).toContain("and 2 more: --json prints all");
    expect(out).toContain("two-answers");
  } finally {
    width = 100;
  }
});

test("--strict prints the same, writes no set and fails", async () => {
  const { code, out, err } = await compose("--strict");
  expect(code).toBe(1);
  expect(out).toContain(":3    ann-lee/email  :4    ann-lee/genre");
  expect(err).toMatch(/2 duplicates or leaks, listed above, are refused \(--strict\): no set was written$/m);
  expect(existsSync(join(folder, "set"))).toBe(false);
});

test("--json gives every finding", async () => {
  const { out } = await compose("--json");
  expect(JSON.parse(out).findings[0]).toMatchObject({ kind: "forgotten-answer", first: { fact: "ann-lee/email" } });
});

test("a misspelt subcommand is met with the right one", async () => {
  expect(await lethe("compse", "x.yaml")).toMatchObject({
    code: 1,
    err: expect.stringContaining('Did you mean "compose"?'),
  });
});
