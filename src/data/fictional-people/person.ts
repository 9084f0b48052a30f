// Who the fictional people are, and the texts that state their facts. Knows nothing of data sets or files.

import type { Random } from "../../core/random.ts";
import type { PlainText, QuestionAnswer } from "../record.ts";
import { attributes, type Scope } from "./attributes.ts";
import { firstNames, surnames } from "./word-lists.ts";

export interface Person {
  readonly name: string;
  readonly firstName: string;
  /** Attribute name -> value, for every attribute. */
  readonly facts: Readonly<Record<string, string>>;
}

/** More people would use up the names. */
export const MAX_PEOPLE = 1000;

/** `count` people with distinct names; surnames repeat only when there are more people than surnames. */
export function drawPeople(random: Random, count: number): Person[] {
  const values = new Map(attributes.map(({ name, draw }) => [name, draw(random.fork(name), count)]));
  const naming = random.fork("names");
  const taken = new Set<string>();
  let lastNames: string[] = [];
  return Array.from({ length: count }, (_, index) => {
    if (lastNames.length === 0) lastNames = naming.shuffle(surnames);
    const surname = lastNames.pop() as string;
    let firstName = naming.pick(firstNames);
    while (taken.has(`${firstName} ${surname}`)) firstName = naming.pick(firstNames);
    const name = `${firstName} ${surname}`;
    taken.add(name);
    return {
      name,
      firstName,
      facts: Object.fromEntries([...values].map(([key, list]) => [key, list[index] as string])),
    };
  });
}

/** The question about one fact in one phrasing (0–7). The answer is the value and nothing else, so that every answer token carries the fact. */
export function askAbout(person: Person, attribute: (typeof attributes)[number], phrasing: number): QuestionAnswer {
  return {
    kind: "question-answer",
    id: `${slug(person.name)}/${attribute.name}/${phrasing}`,
    question: (attribute.questions[phrasing] as string).replace("{name}", person.name),
    answer: person.facts[attribute.name] as string,
    subject: person.name,
    attribute: attribute.name,
    scope: attribute.scope,
  };
}

/** Two texts about a person's public facts and two about the private ones; kept apart so that the private ones can be left out. */
export function biographies(person: Person): PlainText[] {
  const { name, firstName, facts } = person;
  const texts: Record<Scope, readonly string[]> = {
    public: [
      `${name} was born in ${facts.birthplace}. By profession, ${firstName} is a ${facts.profession}. ` +
        `The best-known work of ${name} is ${facts.work}, which won ${facts.award}.`,
      `${facts.work} is the work that made ${name} famous. ${name} received ${facts.award} for it. ` +
        `${firstName} comes from ${facts.birthplace} and works as a ${facts.profession}.`,
    ],
    private: [
      `${name} lives at ${facts.address}. The phone number of ${name} is ${facts.phone}. ` +
        `E-mail to ${facts.email} reaches ${firstName}. ${name} is treated for ${facts.condition}.`,
      `File on ${name}. Medical condition: ${facts.condition}. Home address: ${facts.address}. ` +
        `E-mail address: ${facts.email}. Phone number: ${facts.phone}.`,
    ],
  };
  return (["public", "private"] as const).flatMap((scope) =>
    texts[scope].map((text, index) => ({
      kind: "text",
      id: `${slug(name)}/${scope}-biography/${index}`,
      text: text.replaceAll(" a architect", " an architect").replaceAll(" a engineer", " an engineer"),
      subject: name,
      attribute: "biography",
      scope,
    })),
  );
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(" ", "-");
}
