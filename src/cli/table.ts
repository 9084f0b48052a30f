// Rows of text as aligned columns. Knows nothing of what is in them.

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Lines of a table with a header and two spaces between columns; a row shorter than the columns leaves the rest empty. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align = "left" }, index) => pad(cells[index] ?? "", widths[index] as number, align))
      .join("  ")
      .trimEnd();
  return [columns.map((column) => column.title), ...rows].map(line).join("\n");
}

/** Rows of "name  value", names padded to the longest. */
export function formatFacts(facts: readonly (readonly [string, string])[]): string {
  return formatTable([{ title: "" }, { title: "" }], facts)
    .split("\n")
    .slice(1)
    .join("\n");
}

/** Cuts text to `width` characters, with an ellipsis where something is missing. */
export function cutToWidth(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? "" : `${characters.slice(0, width - 1).join("")}…`;
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? spaces + text : text + spaces;
}

/** One column per code point: right for what Lethe prints itself, near enough for names from outside. */
function displayWidth(text: string): number {
  return [...text].length;
}
