// Settings laid over others, group by group. Knows nothing of what they set.

type Group = Readonly<Record<string, unknown>>;
const isGroup = (value: unknown): value is Group =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys of `over` in place of those of `under`, group by group; lists and single values as a whole. */
export function laidOver(under: Group, over: Group): Group {
  const keys = Object.entries(over).map(([key, value]) => {
    const below = under[key];
    return [key, isGroup(below) && isGroup(value) ? laidOver(below, value) : value] as const;
  });
  return { ...under, ...Object.fromEntries(keys) };
}
