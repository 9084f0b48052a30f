// Which words two answers share, by longest common subsequence. Knows nothing of markup.

export interface Piece {
  readonly text: string;
  /** False for words that the other answer does not have at this place. */
  readonly shared: boolean;
}

/** Beyond this many word pairs the middle counts as wholly different: 4 million take about 50 ms. */
const largest = 4_000_000;

/** Both texts cut into pieces; joined, the pieces give back each text exactly. */
export function wordDifference(left: string, right: string): { left: Piece[]; right: Piece[] } {
  const a = words(left);
  const b = words(right);
  let start = 0;
  while (start < a.length && start < b.length && a[start]?.trim() === b[start]?.trim()) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end)?.trim() === b.at(-1 - end)?.trim()) end++;
  const inner = commonWords(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const marks = (length: number, kept: ReadonlySet<number>) => (index: number) =>
    index < start || index >= length - end || kept.has(index - start);
  return { left: pieces(a, marks(a.length, inner.left)), right: pieces(b, marks(b.length, inner.right)) };
}

/** Words with the white space that follows them. */
function words(text: string): string[] {
  return text.match(/\S+\s*|^\s+/gu) ?? [];
}

function commonWords(a: readonly string[], b: readonly string[]): { left: Set<number>; right: Set<number> } {
  const [left, right] = [new Set<number>(), new Set<number>()];
  if (a.length * b.length === 0 || a.length * b.length > largest) return { left, right };
  const width = b.length + 1;
  // longest[i * width + j]: length of the longest common subsequence of a[i..] and b[j..].
  const longest = new Uint32Array((a.length + 1) * width);
  const equal = (i: number, j: number) => a[i]?.trim() === b[j]?.trim();
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = equal(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (equal(i, j)) {
      left.add(i++);
      right.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return { left, right };
}

function pieces(list: readonly string[], shared: (index: number) => boolean): Piece[] {
  const result: { text: string; shared: boolean }[] = [];
  for (const [index, text] of list.entries()) {
    const last = result.at(-1);
    if (last && last.shared === shared(index)) last.text += text;
    else result.push({ text, shared: shared(index) });
  }
  return result;
}
