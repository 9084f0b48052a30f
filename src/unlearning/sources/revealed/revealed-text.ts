// What was revealed, in the run folder: one line per text, a batch at a time, so that a run that was killed goes on with the batch it was at.
// Knows nothing of how texts are found.

import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RunError } from "../../../core/errors.ts";
import { openJsonLines } from "../../../core/json-lines.ts";
import { type LineSeal, plainLines } from "./seal.ts";

export const revealedText = z.strictObject({
  /** Of the search, from 0. */
  batch: z.number().int().nonnegative(),
  instruction: z.string(),
  form: z.enum(["question", "prefix", "soft"]),
  origin: z.enum(["grammar", "list", "harvest", "soft"]),
  /** Of the generation; the text follows from it, the row and the model. */
  seed: z.string(),
  row: z.number().int().nonnegative(),
  /** What the model said after the instruction. */
  text: z.string(),
  relevance: z.number().min(0).max(1),
  novelty: z.number().min(0).max(1),
  fluency: z.number().min(0).max(1),
  /** Trained on; else what kept it out. */
  kept: z.boolean(),
  why: z.enum(["", "length", "duplicate", "relevance", "fluency"]),
});
export type RevealedText = z.output<typeof revealedText>;

const endLine = z.strictObject({ ended: z.enum(["saturated", "budget"]) });
export type Ended = z.output<typeof endLine>["ended"];

export interface RevealedFile extends Disposable {
  /** Batches that are there in full. */
  readonly batches: readonly (readonly RevealedText[])[];
  /** Set when the search had come to its end. */
  readonly ended: Ended | undefined;
  add(batch: readonly RevealedText[]): void;
  end(why: Ended): void;
}

/** @throws RunError for lines that are damaged or sealed with another key; FileError when the file cannot be used. */
export function openRevealedFile(file: string, batchSize: number, seal: LineSeal = plainLines): RevealedFile {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  const read = lines.map((line, i) => readLine(line, i, file, seal));
  const last = read.at(-1);
  const ended = last && "ended" in last ? last.ended : undefined;
  const texts = read.filter((each): each is RevealedText => !("ended" in each));
  // The last batch of an ended search may be short; of any other it is made again.
  const whole = ended ? texts.length : texts.length - (texts.length % batchSize);
  const kept = ended ? lines.length : whole;
  const batches: RevealedText[][] = [];
  for (let first = 0; first < whole; first += batchSize) batches.push(texts.slice(first, first + batchSize));
  const keepBytes = lines.slice(0, kept).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  const output = openJsonLines(file, { keepBytes });
  let written = kept;
  return {
    batches,
    ended,
    add(batch) {
      for (const text of batch) output.append(seal.close(text, written++));
      output.sync();
    },
    end(why) {
      output.append(seal.close({ ended: why }, written++));
      output.sync();
    },
    [Symbol.dispose]: () => output.close(),
  };
}

const line = z.union([revealedText, endLine]);

function readLine(text: string, index: number, file: string, seal: LineSeal): z.output<typeof line> {
  let opened: unknown;
  try {
    opened = JSON.parse(text);
  } catch {
    throw damaged(file, index);
  }
  const parsed = line.safeParse(seal.open(opened, index, file));
  if (!parsed.success) throw damaged(file, index);
  return parsed.data;
}

const damaged = (file: string, index: number) =>
  new RunError(`${file}:${index + 1} is damaged`, {
    place: { file, line: index + 1 },
    hint: "Delete the file and resume: the texts are then revealed again.",
  });

/** The files of texts in a run folder, in the order of their rounds: as a plan's rounds name them. */
export async function textFiles(folder: string): Promise<string[]> {
  const round = (name: string) => Number(/^source(?:-(\d+))?\.jsonl$/.exec(name)?.[1] ?? 1);
  const names = (await readdir(folder)).filter((name) => /^source(-\d+)?\.jsonl$/.test(name));
  return names.sort((a, b) => round(a) - round(b)).map((name) => join(folder, name));
}

/** All texts that a run folder still holds, round by round. @throws RunError for what is damaged or sealed otherwise. */
export async function readTexts(folder: string, seal: LineSeal = plainLines): Promise<RevealedText[]> {
  const texts: RevealedText[] = [];
  for (const file of await textFiles(folder)) {
    const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
    for (const [i, written] of lines.entries()) {
      const read = readLine(written, i, file, seal);
      if (!("ended" in read)) texts.push(read);
    }
  }
  return texts;
}

/** Deletes them; what was told of them without texts stays. */
export async function forgetTexts(folder: string): Promise<void> {
  for (const file of await textFiles(folder)) await rm(file);
}
