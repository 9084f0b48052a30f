// Finds the parts of a JSON text and the line each begins on, so that a bad record can be named by its line. Iterative: nesting
// cannot overflow the stack. It checks only what it needs to find borders; JSON.parse of the part checks the rest.

export interface JsonPart {
  readonly text: string;
  /** Position in the scanned text. */
  readonly start: number;
  /** 1-based line on which the part begins. */
  readonly line: number;
}

export interface JsonMember extends JsonPart {
  readonly key: string;
}

/** The text breaks off or a separator is missing. */
export class JsonScanError extends Error {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Elements of the array that `text` holds. @throws JsonScanError */
export function* arrayElements(text: string, line = 1): Generator<JsonPart> {
  const scan = scanner(text, line);
  scan.expect("[");
  if (!scan.accept("]")) {
    do yield scan.value();
    while (scan.accept(","));
    scan.expect("]");
  }
  scan.end();
}

/** Members of the object that `text` holds, values unparsed. @throws JsonScanError */
export function* objectMembers(text: string, line = 1): Generator<JsonMember> {
  const scan = scanner(text, line);
  scan.expect("{");
  if (!scan.accept("}")) {
    do {
      const key = scan.value();
      scan.expect(":");
      yield { ...scan.value(), key: unquote(key, key.line) };
    } while (scan.accept(","));
    scan.expect("}");
  }
  scan.end();
}

/** Keys of the first object of a text that may break off anywhere, and whether an array is around it. */
export function firstKeys(head: string): { readonly array: boolean; readonly keys: ReadonlySet<string> } {
  const body = head.replace(/^\ufeff?\s*/, "");
  const array = body.startsWith("[");
  const object = array ? body.slice(1).trimStart() : body;
  const keys = new Set<string>();
  if (object.startsWith("{")) {
    const scan = scanner(object, 1);
    try {
      scan.expect("{");
      do {
        const key = scan.value();
        scan.expect(":");
        keys.add(unquote(key, key.line));
        scan.value();
      } while (scan.accept(","));
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
    }
  }
  return { array, keys };
}

function unquote(part: JsonPart, line: number): string {
  try {
    const value: unknown = JSON.parse(part.text);
    if (typeof value === "string") return value;
  } catch {
    // Reported below: a broken key and a key that is no string are one mistake.
  }
  throw new JsonScanError("a key must be a string in double quotes", line);
}

function scanner(text: string, firstLine: number) {
  let at = 0;
  let line = firstLine;

  const skipSpace = () => {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10) line++;
      else if (code !== 32 && code !== 9 && code !== 13) return;
    }
  };
  const accept = (character: string): boolean => {
    skipSpace();
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const found = () => (at < text.length ? JSON.stringify(text[at]) : "the end of the file");
  const skipString = () => {
    for (at++; at < text.length; at++) {
      const character = text[at];
      if (character === "\\") at++;
      else if (character === "\n") break;
      else if (character === '"') {
        at++;
        return;
      }
    }
    throw new JsonScanError("a string is not closed", line);
  };
  const skipContainer = () => {
    const opened = line;
    let depth = 0;
    while (at < text.length) {
      const character = text[at];
      if (character === '"') {
        skipString();
        continue;
      }
      at++;
      if (character === "\n") line++;
      else if (character === "{" || character === "[") depth++;
      else if ((character === "}" || character === "]") && --depth === 0) return;
    }
    throw new JsonScanError("a bracket is opened and never closed", opened);
  };

  return {
    accept,
    expect(character: string) {
      if (!accept(character)) throw new JsonScanError(`expected "${character}", got ${found()}`, line);
    },
    end() {
      skipSpace();
      if (at < text.length) throw new JsonScanError(`expected the end, got ${found()}`, line);
    },
    value(): JsonPart {
      skipSpace();
      const start = at;
      const startLine = line;
      const character = text[at];
      if (character === '"') skipString();
      else if (character === "{" || character === "[") skipContainer();
      else while (at < text.length && !/[\s,:\]}]/.test(text[at] as string)) at++;
      if (at === start) throw new JsonScanError(`expected a value, got ${found()}`, line);
      return { text: text.slice(start, at), start, line: startLine };
    },
  };
}
