// HTML by tagged templates in which every text is escaped unless it was itself made by one. Knows nothing of reports.

const made = Symbol("markup");

/** Markup that is safe to place as it is; only `html` and `trusted` make it. */
export interface Markup {
  readonly [made]: string;
}

type Part = string | number | Markup | undefined | false | readonly Part[];

/** Text parts are escaped for element content and for quoted attributes; undefined and false vanish. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { [made]: strings.map((string, index) => string + print(parts[index])).join("") };
}

/** Marks a constant of this program, such as its style sheet, as markup. Never for text that was read. */
export function trusted(text: string): Markup {
  return { [made]: text };
}

export function markupText(markup: Markup): string {
  return markup[made];
}

export function escapeText(text: string): string {
  // Lone surrogates and control characters have no place in a page; line breaks and tabs do.
  return text
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cs}]/gu, "\u{fffd}")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function print(part: Part): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "string") return escapeText(part);
  if (typeof part === "number") return String(part);
  if (isList(part)) return part.map(print).join("");
  return part[made];
}

const isList = (part: Markup | readonly Part[]): part is readonly Part[] => Array.isArray(part);
