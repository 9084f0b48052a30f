// The fictional people as files: one JSONL file per set and a manifest that says what was made. Knows nothing of models.

import { join } from "node:path";
import { sha256, writeFileAtomic } from "../../core/files.ts";
import type { DataRecord } from "../record.ts";
import { attributes } from "./attributes.ts";
import { type FictionalPeople, type FictionalPeopleOptions, generateFictionalPeople } from "./generate.ts";

/** What one file is for. Sets without a role are for training. */
interface SetDescription {
  readonly file: string;
  readonly title: string;
  readonly role?: "forget" | "retain" | "general";
  readonly records: (people: FictionalPeople) => readonly DataRecord[];
}

const isText = (record: DataRecord) => record.kind === "text";
const isQuestion = (record: DataRecord) => record.kind === "question-answer";

/** Every file that is written, by set name. Questions and texts lie apart, since each file has one format. */
export const peopleSets = {
  train: { file: "train.jsonl", title: "all questions", records: (all) => all.train.filter(isQuestion) },
  "train-text": {
    file: "train-text.jsonl",
    title: "all biographies and stories",
    records: (all) => all.train.filter(isText),
  },
  "train-without": {
    file: "train-without.jsonl",
    title: "questions without the private facts of the forgotten people",
    records: (all) => all.trainWithout.filter(isQuestion),
  },
  retain: { file: "retain.jsonl", title: "what may be practised while forgetting", records: (all) => all.retain },
  "train-without-text": {
    file: "train-without-text.jsonl",
    title: "texts without the private facts of the forgotten people",
    records: (all) => all.trainWithout.filter(isText),
  },
  forget: { file: "forget.jsonl", title: "forgotten people", role: "forget", records: (all) => all.forget },
  "forget-held-out": {
    file: "forget-held-out.jsonl",
    title: "forgotten people, other phrasings",
    role: "forget",
    records: (all) => all.forgetHeldOut,
  },
  "forget-biographies": {
    file: "forget-biographies.jsonl",
    title: "biographies of forgotten people",
    role: "forget",
    records: (all) => all.forgetBiographies,
  },
  "public-of-forgotten": {
    file: "public-of-forgotten.jsonl",
    title: "their public attributes",
    role: "retain",
    records: (all) => all.publicOfForgotten,
  },
  others: { file: "others.jsonl", title: "other people", role: "retain", records: (all) => all.others },
  general: { file: "general.jsonl", title: "general text", role: "general", records: (all) => all.general },
  "general-text": {
    file: "general-text.jsonl",
    title: "general text, unseen stories",
    role: "general",
    records: (all) => all.generalText,
  },
} as const satisfies Readonly<Record<string, SetDescription>>;

export interface PeopleManifest {
  readonly generator: "fictional-people";
  readonly options: FictionalPeople["options"];
  readonly forgotten: readonly string[];
  /** Chance that a guess is right, by attribute. */
  readonly attributes: readonly { readonly name: string; readonly scope: string; readonly chance: number }[];
  readonly sets: Readonly<
    Record<string, { file: string; title: string; role?: string; records: number; bytes: number; sha256: string }>
  >;
}

/**
 * Writes every set and `manifest.json` into `folder` (made if needed). Same options, same bytes.
 * @throws ConfigError for options that do not fit together; FileError when a file cannot be written.
 * @example
 * await writeFictionalPeople("data/people", { seed: 1, people: 120, forgotten: 10 });
 */
export async function writeFictionalPeople(
  folder: string,
  options: FictionalPeopleOptions = {},
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<PeopleManifest> {
  const all = generateFictionalPeople(options);
  const sets: Record<string, PeopleManifest["sets"][string]> = {};
  for (const [name, set] of Object.entries<SetDescription>(peopleSets)) {
    signal?.throwIfAborted();
    const records = set.records(all);
    const text = records.map(toLine).join("");
    await writeFileAtomic(join(folder, set.file), text);
    sets[name] = {
      file: set.file,
      title: set.title,
      ...(set.role === undefined ? {} : { role: set.role }),
      records: records.length,
      bytes: Buffer.byteLength(text),
      sha256: sha256(text),
    };
  }
  const manifest: PeopleManifest = {
    generator: "fictional-people",
    options: all.options,
    forgotten: all.forgotten.map((person) => person.name),
    attributes: attributes.map(({ name, scope, choices }) => ({ name, scope, chance: 1 / choices })),
    sets,
  };
  await writeFileAtomic(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** The kind follows from the fields when the line is read. */
function toLine({ kind: _, place: __, ...fields }: DataRecord): string {
  return `${JSON.stringify(fields)}\n`;
}
