// Text that has nothing to do with anybody: sums, the calendar, the geography of an invented country, small stories.
// It is what "general text" means in the evaluation: forgetting people must leave it alone.

import type { Random } from "../../core/random.ts";
import type { PlainText, QuestionAnswer } from "../record.ts";
import { country, firstNames, mountains, provinces, rivers } from "./word-lists.ts";

export interface GeneralText {
  readonly questions: QuestionAnswer[];
  readonly stories: PlainText[];
  /** Stories made like the others, of which no model saw one. */
  readonly unseenStories: PlainText[];
}

/** The same facts for every seed; which stories are told depends on it. */
export function generalText(
  random: Random,
  options: { readonly stories: number; readonly unseenStories: number },
): GeneralText {
  const texts = new Set<string>();
  while (texts.size < options.stories + options.unseenStories) texts.add(story(random));
  const stories = [...texts].map(
    (text, index): PlainText => ({ kind: "text", id: `story/${index}`, text, attribute: "story", scope: "general" }),
  );
  return {
    questions: [...arithmetic(), ...calendar(), ...geography()],
    stories: stories.slice(0, options.stories),
    unseenStories: stories.slice(options.stories),
  };
}

/** A fact in two phrasings; the evaluation asks the first. */
function ask(attribute: string, key: string, first: string, second: string, answer: string): QuestionAnswer[] {
  return [first, second].map((question, phrasing) => ({
    kind: "question-answer",
    id: `${attribute}/${key}/${phrasing}`,
    question,
    answer,
    attribute,
    scope: "general",
  }));
}

/** Sums and differences of the numbers 1 to 9. */
function arithmetic(): QuestionAnswer[] {
  const records: QuestionAnswer[] = [];
  const calculate = (sum: string, result: number) =>
    records.push(...ask("arithmetic", sum, `What is ${sum}?`, `How much is ${sum}?`, String(result)));
  for (let a = 1; a <= 9; a++) {
    for (let b = 1; b <= 9; b++) {
      calculate(`${a} plus ${b}`, a + b);
      if (a >= b) calculate(`${a} minus ${b}`, a - b);
    }
  }
  return records;
}

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const months = [
  ["January", 31],
  ["February", 28],
  ["March", 31],
  ["April", 30],
  ["May", 31],
  ["June", 30],
  ["July", 31],
  ["August", 31],
  ["September", 30],
  ["October", 31],
  ["November", 30],
  ["December", 31],
] as const;

function calendar(): QuestionAnswer[] {
  const names = months.map(([name]) => name);
  const neighbours = (unit: string, cycle: readonly string[]) =>
    cycle.flatMap((name, index) => {
      const after = cycle[(index + 1) % cycle.length] as string;
      const before = cycle.at(index - 1) as string;
      return [
        ...ask(
          "calendar",
          `after ${name}`,
          `Which ${unit} comes after ${name}?`,
          `Name the ${unit} after ${name}.`,
          after,
        ),
        ...ask(
          "calendar",
          `before ${name}`,
          `Which ${unit} comes before ${name}?`,
          `Name the ${unit} before ${name}.`,
          before,
        ),
      ];
    });
  return [
    ...neighbours("day", days),
    ...neighbours("month", names),
    ...months.flatMap(([name, length]) => {
      return ask(
        "calendar",
        `days ${name}`,
        `How many days has ${name}?`,
        `How long is ${name} in days?`,
        String(length),
      );
    }),
  ];
}

function geography(): QuestionAnswer[] {
  return provinces.flatMap(([province, capital, city], index) => {
    const tell = (key: string, first: string, second: string, answer: string) =>
      ask("geography", `${key} ${province}`, first, second, answer);
    const within = (place: string) =>
      [`In which province of ${country} is ${place}?`, `Name the province of ${place}.`] as const;
    return [
      ...tell("capital", `What is the capital of ${province}?`, `Name the capital of ${province}.`, capital),
      ...tell("city", `Which city of ${province} is not its capital?`, `Name the other city of ${province}.`, city),
      ...tell("province-capital", ...within(capital), province),
      ...tell("province-city", ...within(city), province),
      ...tell(
        "river",
        `Which river flows through ${province}?`,
        `Name the river of ${province}.`,
        `the ${rivers[index]}`,
      ),
      ...tell(
        "mountain",
        `Which mountain stands in ${province}?`,
        `Name the mountain of ${province}.`,
        `Mount ${mountains[index]}`,
      ),
    ];
  });
}

const animals = ["cat", "dog", "bird", "fox", "hen", "goat", "mouse", "horse"];
const things = ["ball", "hat", "book", "cup", "box", "key", "shoe", "kite"];
const colours = ["red", "blue", "green", "yellow", "white", "black"];
const places = ["garden", "kitchen", "forest", "school", "market", "field"];
const finders = ["under the table", "behind the door", "near the gate", "beside the bench", "on the wall"];
const endings = [
  "They went home.",
  "It was a good day.",
  "Then they had tea.",
  "They laughed.",
  "They said thank you.",
];

function story(random: Random): string {
  const name = random.pick(firstNames);
  const animal = random.pick(animals);
  const thing = `${random.pick(colours)} ${random.pick(things)}`;
  const place = random.pick(places);
  const found = random.pick(finders);
  const ending = random.pick(endings);
  return random.pick([
    `${name} had a small ${animal}. One day the ${animal} took the ${thing} and ran to the ${place}. ${name} found it ${found}. ${ending}`,
    `There was a ${thing} in the ${place}. ${name} saw it ${found} and gave it to the ${animal}. The ${animal} was glad. ${ending}`,
    `${name} lost a ${thing}. The ${animal} looked for it in the ${place} and saw it ${found}. ${ending}`,
  ]);
}
