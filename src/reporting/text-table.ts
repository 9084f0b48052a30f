// The comparison as plain text for a terminal: the same rows as the report, aligned, within a given width. Knows no colours.
import type { MetricResult } from "../evaluation/result.ts";
import type { Comparison, ComparisonRow } from "./comparison.ts";
import { formatValue, type MetricStyle } from "./metric-style.ts";

/**
 * One line per set × metric: a value with its 95 % interval for every column, n, and the reading in words.
 * Where that is wider than `width` characters, intervals move to a line of their own below the values.
 */
export function renderTable({ columns, groups }: Comparison, { width = 100 }: { width?: number } = {}): string {
  const lines = (stacked: boolean) => {
    const table: string[][] = [["", ...columns, "n", ""]];
    for (const group of groups) {
      table.push([plain(group.title)]);
      for (const row of group.rows) table.push(...rowLines(row, stacked));
    }
    return align(table);
  };
  const wide = lines(false);
  return (wide.every((line) => line.length <= width) ? wide : lines(true)).join("\n");
}

function rowLines(row: ComparisonRow, stacked: boolean): string[][] {
  const value = (cell: MetricResult | undefined) => (cell ? formatValue(cell.value, row.style) : "–");
  const range = (cell: MetricResult | undefined) => (cell ? formatInterval(cell, row.style) : "");
  const label = `  ${plain(row.style.title)}${row.mode === "peer" ? " (peer)" : ""}`;
  const end = [countOf(row), row.reading];
  if (!stacked) return [[label, ...row.cells.map((cell) => `${value(cell)} ${range(cell)}`.trim()), ...end]];
  return [
    [label, ...row.cells.map(value), ...end],
    ["", ...row.cells.map(range), "", ""],
  ];
}

/** `[0.062, 0.171]` */
export function formatInterval({ interval: [low, high] }: MetricResult, style: MetricStyle): string {
  return `[${formatValue(low, style)}, ${formatValue(high, style)}]`;
}

/** "40", or "40/38/40" where the columns differ. */
export function countOf({ cells }: ComparisonRow): string {
  const counts = cells.map((cell) => cell?.n);
  const known = new Set(counts.filter((n) => n !== undefined));
  return known.size === 1 ? String([...known][0]) : counts.map((n) => n ?? "–").join("/");
}

/** Control and direction characters could move the cursor or reorder the line. */
export function plain(text: string): string {
  return text.replace(/\p{C}/gu, "\u{fffd}");
}

/** Pads cells of lines with the full number of columns; a shorter line is a heading of its own width. */
function align(table: readonly (readonly string[])[]): string[] {
  const full = table[0]?.length ?? 0;
  const widths = Array.from({ length: full }, (_, column) =>
    Math.max(...table.filter((line) => line.length === full).map((line) => [...(line[column] ?? "")].length)),
  );
  return table.map((line) =>
    line.length < full
      ? line.join("")
      : line
          .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - [...cell].length))
          .join("  ")
          .trimEnd(),
  );
}
