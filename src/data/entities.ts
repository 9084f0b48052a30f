// How a model is asked for named entities, and how a list of them is written as an answer and read back. Knows nothing of files or metrics.

/** Between two entities. */
export const ENTITY_SEPARATOR = " | ";
/** The answer where there is no entity. */
export const NO_ENTITY = "none";

/** Asks for the entities of a type in a text, which stands on one line. */
export const askForEntities = (text: string, type: string): string => `${text}\n${type}`;

/** Entities in order, as they were written but for spaces around them. */
export function entitiesIn(answer: string): string[] {
  const text = answer.trim();
  if (text === "" || text === NO_ENTITY) return [];
  return text
    .split(ENTITY_SEPARATOR.trim())
    .map((entity) => entity.trim())
    .filter((entity) => entity !== "");
}
