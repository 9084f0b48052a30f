// Which numbers of an opened model may move: what the scope names, or what it finds by looking at the text. Knows no scope by name, and no loss.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Reporter } from "../core/events.ts";
import type { Random } from "../core/random.ts";
import type { Sequence } from "../data/batching.ts";
import { regionFile } from "./localisation/region.ts";
import type { OpenScope } from "./scopes/open-scope.ts";
import type { Localised, Selection } from "./scopes/scope.ts";
import type { Session } from "./session.ts";

export interface SelectionContext {
  readonly session: Pick<Session, "model" | "tokenizer">;
  /** SHA-256 of the weights that the run begins with. */
  readonly modelHash: string;
  readonly random: Random;
  /** Both sides' text, encoded when asked for. */
  readonly texts: () => { readonly forget: readonly Sequence[]; readonly retain: readonly Sequence[] };
  /** True when every batch of the training holds text of both sides. */
  readonly pairs: boolean;
  /** Folder of a cut-off run that goes on, in which the region may lie that it found. */
  readonly folder: string | undefined;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** @throws ConfigError for a scope that selects nothing, or by its scores everything. */
export async function selectWeights(
  scope: OpenScope,
  { session, random, texts, folder, ...context }: SelectionContext,
): Promise<Selection & Partial<Pick<Localised, "region">>> {
  const { model, tokenizer } = session;
  const candidates = scope.select(model, random);
  if (!scope.localise) return { weights: candidates };
  const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
  const plainIds = ids.filter((id) => !tokenizer.specialIds.has(id));
  const region = folder && join(folder, regionFile);
  const kept = region && existsSync(region) ? region : undefined;
  const found = await scope.localise({ ...context, ...texts(), model, candidates, plainIds, random, kept });
  context.report({ type: "note", text: `scope ${scope.name} moves ${found.region.rule}` });
  return found;
}
