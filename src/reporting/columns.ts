// The columns of a comparison, in the order in which they are read: before, after, retrained, then whatever else was evaluated, by name.

export const standardColumns = ["before", "after", "retrained"] as const;

/** A new list in reading order. */
export function orderColumns<T>(items: readonly T[], columnOf: (item: T) => string): T[] {
  const rank = (item: T) => {
    const index = (standardColumns as readonly string[]).indexOf(columnOf(item));
    return index === -1 ? standardColumns.length : index;
  };
  return items.toSorted((a, b) => rank(a) - rank(b) || (columnOf(a) < columnOf(b) ? -1 : 1));
}
