// "Did you mean": the known names closest to a mistyped one. Knows nothing of what the names stand for.

/** Number of single-character insertions, deletions, substitutions and swaps of neighbours between two strings (Damerau-Levenshtein, optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(
        (previous[j] as number) + 1,
        (current[j - 1] as number) + 1,
        (previous[j - 1] as number) + Number(!same),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] as number) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] as number;
}

/**
 * The names most like `name`, best first, at most `count`; empty when none is close enough to be what was meant.
 * Close enough: at most a third of the longer name differs (case, `-`, `_` and spaces do not count), or one begins with the other.
 */
export function nearestNames(name: string, names: Iterable<string>, count = 3): string[] {
  const wanted = fold(name);
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of names) {
    const folded = fold(candidate);
    const distance = editDistance(wanted, folded);
    const longer = Math.max(wanted.length, folded.length);
    const begins =
      Math.min(wanted.length, folded.length) >= 3 && (folded.startsWith(wanted) || wanted.startsWith(folded));
    if (distance <= Math.max(1, Math.floor(longer / 3)) || begins) scored.push({ candidate, distance });
  }
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, count).map((entry) => entry.candidate);
}

/** One sentence for an error's hint: what was probably meant, then every valid name. */
export function describeNames(name: string, names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return "There are no names to choose from.";
  const near = nearestNames(name, all);
  const meant = near.length === 0 ? "" : `Did you mean ${near.map((entry) => `"${entry}"`).join(" or ")}? `;
  return `${meant}Valid: ${all.join(", ")}.`;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, "");
}
