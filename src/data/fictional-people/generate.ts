// The data sets of the mini model: what it learns, what it must forget, what it must keep. Pure: same options, same records.

import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import { createRandom } from "../../core/random.ts";
import type { DataRecord, PlainText, QuestionAnswer } from "../record.ts";
import { attributes, HELD_OUT_PHRASINGS, type Scope, TRAINED_PHRASINGS } from "./attributes.ts";
import { generalText } from "./general-text.ts";
import { askAbout, biographies, drawPeople, MAX_PEOPLE, type Person } from "./person.ts";
import { refusals } from "./word-lists.ts";

export const fictionalPeopleOptions = z.strictObject({
  seed: z.union([z.number().int(), z.string()]).default(1).describe("Determines everything."),
  people: z.number().int().min(2).max(MAX_PEOPLE).default(120),
  forgotten: z
    .number()
    .int()
    .min(1)
    .default(10)
    .describe("How many people ask for their private facts to be forgotten."),
  sampledOthers: z.number().int().min(1).default(20).describe("How many other people the evaluation asks about."),
  stories: z.number().int().min(0).max(5000).default(250).describe("Small stories to learn."),
  unseenStories: z.number().int().min(0).max(5000).default(40).describe("Small stories kept for evaluation only."),
});

/** A committed file such as models/mini/data.yaml. */
export const fictionalPeopleConfig = fictionalPeopleOptions.extend({ generator: z.literal("fictional-people") });

export type FictionalPeopleOptions = z.input<typeof fictionalPeopleOptions>;

export interface FictionalPeople {
  readonly options: z.output<typeof fictionalPeopleOptions>;
  readonly people: readonly Person[];
  /** The people who ask to be forgotten, a subset of `people`. */
  readonly forgotten: readonly Person[];
  /** Everything the model learns: facts in trained phrasings, biographies, general text. */
  readonly train: readonly DataRecord[];
  /** `train` without everything private about the forgotten people: what the retrained reference model learns. */
  readonly trainWithout: readonly DataRecord[];
  /** Private facts of the forgotten people, trained phrasings, each with a refusal as its alternate: the request. */
  readonly forget: readonly QuestionAnswer[];
  /** Questions of `trainWithout`, those left out that the evaluation asks (`others`, `general`): what may be practised to keep the rest. */
  readonly retain: readonly QuestionAnswer[];
  /** The same facts as `forget` in phrasings that no training set and no forget set contains. */
  readonly forgetHeldOut: readonly QuestionAnswer[];
  /** The biographies that state the forgotten facts; learned in training, not part of the request. */
  readonly forgetBiographies: readonly PlainText[];
  /** Public facts of the forgotten people, a trained and a held-out phrasing each. */
  readonly publicOfForgotten: readonly QuestionAnswer[];
  /** Facts of some other people, a trained and a held-out phrasing each. */
  readonly others: readonly QuestionAnswer[];
  /** Every second question of general knowledge, in its first phrasing. */
  readonly general: readonly QuestionAnswer[];
  /** Stories that no model saw. */
  readonly generalText: readonly PlainText[];
}

/**
 * @throws ConfigError when the numbers do not fit together (more forgotten or sampled people than there are).
 * @example
 * const { train, forget } = generateFictionalPeople({ seed: 1 });
 */
export function generateFictionalPeople(options: FictionalPeopleOptions = {}): FictionalPeople {
  const resolved = resolveOptions(options);
  const random = createRandom(`fictional-people-${resolved.seed}`);
  const people = drawPeople(random.fork("people"), resolved.people);
  const shuffled = random.fork("request").shuffle(people);
  const forgotten = shuffled.slice(0, resolved.forgotten);
  const sampled = shuffled.slice(resolved.forgotten, resolved.forgotten + resolved.sampledOthers);
  const general = generalText(random.fork("general"), resolved);

  const facts = questions(people, ["public", "private"], TRAINED_PHRASINGS);
  const train = [...facts, ...people.flatMap(biographies), ...general.questions, ...general.stories];
  const names = new Set(forgotten.map((person) => person.name));
  const isRequested = (record: DataRecord) => record.scope === "private" && names.has(record.subject ?? "");
  const trainWithout = train.filter((record) => !isRequested(record));
  const refusing = random.fork("refusals");
  // What the evaluation asks about other people and the world is not practised while forgetting: it has to stay by itself.
  const asked = general.questions.filter((record) => record.id.endsWith("/0")).filter((_, i) => i % 2 === 0);
  const untouched = new Set([...sampled.map((person) => person.name), ...asked.map(factOf)]);

  return {
    options: resolved,
    people,
    forgotten,
    train,
    trainWithout,
    forget: facts.filter(isRequested).map((record) => ({ ...record, alternate: refusing.pick(refusals) })),
    retain: trainWithout
      .filter((record) => record.kind === "question-answer")
      .filter((record) => !untouched.has(record.subject ?? factOf(record))),
    forgetHeldOut: questions(forgotten, ["private"], HELD_OUT_PHRASINGS),
    forgetBiographies: forgotten.flatMap(biographies).filter((record) => record.scope === "private"),
    publicOfForgotten: questions(forgotten, ["public"], ASKED_AGAIN),
    others: questions(sampled, ["public", "private"], ASKED_AGAIN),
    general: asked,
    generalText: general.unseenStories,
  };
}

/** A general fact's id without its phrasing. */
const factOf = ({ id }: QuestionAnswer): string => id.slice(0, id.lastIndexOf("/"));

/** One trained and one held-out phrasing: enough to see whether a fact is kept. */
const ASKED_AGAIN = [TRAINED_PHRASINGS[0], HELD_OUT_PHRASINGS[0]];

function questions(
  people: readonly Person[],
  scopes: readonly Scope[],
  phrasings: readonly number[],
): QuestionAnswer[] {
  const asked = attributes.filter((attribute) => scopes.includes(attribute.scope));
  return people.flatMap((person) =>
    asked.flatMap((attribute) => phrasings.map((phrasing) => askAbout(person, attribute, phrasing))),
  );
}

function resolveOptions(options: FictionalPeopleOptions): FictionalPeople["options"] {
  const parsed = fictionalPeopleOptions.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(`fictional people: ${issue?.path.join(".") || "options"}: ${issue?.message}`);
  }
  const { people, forgotten, sampledOthers } = parsed.data;
  if (forgotten + sampledOthers > people) {
    throw new ConfigError(
      `fictional people: ${forgotten} forgotten and ${sampledOthers} sampled others do not fit into ${people} people`,
      { hint: "Lower forgotten or sampledOthers, or raise people." },
    );
  }
  return parsed.data;
}
