// The shape of an entry in the judge table: how much a text is what must be forgotten, 0 to 1. A judge sees texts only.

import type { z } from "zod";
import type { Reporter } from "../../../../core/events.ts";
import type { Session } from "../../../session.ts";

export interface Judge extends Disposable {
  /** One number from 0 to 1 per text. */
  score(texts: readonly string[], signal?: AbortSignal): Promise<number[]>;
}

export interface JudgeStart {
  /** What the user wrote of what must go. */
  readonly description: string | undefined;
  /** The model that is asked, and how texts become ids. */
  readonly session: Pick<Session, "model" | "tokenizer" | "encoding">;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface JudgeKind<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly options: Schema;
  /** @throws LetheError for what cannot judge. */
  readonly open: (options: z.output<Schema>, start: JudgeStart) => Promise<Judge>;
}

/** Keeps the schema's type while declaring a judge. */
export const defineJudge = <Schema extends z.ZodType>(judge: JudgeKind<Schema>): JudgeKind<Schema> => judge;

/** A judge that owns nothing. */
export const judgeOf = (score: Judge["score"]): Judge => ({ score, [Symbol.dispose]: () => {} });
