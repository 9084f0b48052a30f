import { expect, test } from "vitest";
import { cutToWidth, formatFacts, formatTable } from "./table.ts";

test("columns are as wide as their widest cell, right-aligned where asked, without spaces at the end", () => {
  const table = formatTable(
    [{ title: "set" }, { title: "n", align: "right" }, { title: "note" }],
    [["forgotten people", "40", ""], ["né", "1,240", "kept"], ["short"]],
  );
  expect(table).toBe(
    ["set                   n  note", "forgotten people     40", "né                1,240  kept", "short"].join("\n"),
  );
});

test("facts are names and values without a header", () => {
  expect(
    formatFacts([
      ["a", "1"],
      ["long", "2"],
    ]),
  ).toBe("a     1\nlong  2");
});

test("cut text says that it was cut", () => {
  expect(cutToWidth("abcdef", 6)).toBe("abcdef");
  expect(cutToWidth("abcdef", 4)).toBe("abc…");
  expect(cutToWidth("abcdef", 0)).toBe("");
});
