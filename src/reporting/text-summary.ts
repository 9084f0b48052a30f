// A run on a terminal: the verdict, wrapped, and the table. Knows no colours.
import { compare } from "./comparison.ts";
import type { RunSummary } from "./run-folder.ts";
import { plain, renderTable } from "./text-table.ts";
import { verdict } from "./verdict.ts";

/** Notices, headline, the verdict's sentence and the comparison in `width` characters; only the verdict where nothing was evaluated. */
export function renderSummary(run: Pick<RunSummary, "evaluations" | "notices">, width = 100): string {
  const { headline, sentence } = verdict(run.evaluations);
  const text = [...run.notices, headline, sentence].map((line) => wrap(plain(line), width));
  if (run.evaluations.length === 0) return text.join("\n");
  return [...text, "", renderTable(compare(run.evaluations), { width })].join("\n");
}

/** Breaks at spaces; a word longer than a line keeps a line of its own. */
function wrap(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
