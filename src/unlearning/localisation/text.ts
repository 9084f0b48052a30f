// The text by which a scope chooses what moves: that of the run, or other text named for it, such as all that the model was taught. Knows no scope by name.

import { ConfigError } from "../../core/errors.ts";
import { refuseOverlap } from "../../data/overlap.ts";
import type { DataRecord } from "../../data/record.ts";
import type { SideTexts } from "../../training/narrowing.ts";
import type { UnlearnConfig } from "../config.ts";
import type { OpenScope } from "../scopes/open-scope.ts";
import { encodeAll, readSources, type Session } from "../session.ts";

interface SideRecords {
  readonly forget: readonly DataRecord[];
  readonly retain: readonly DataRecord[];
}

interface Read {
  readonly records: readonly DataRecord[];
  readonly files: readonly string[];
}

/**
 * Each side's records for localising, and the files beside the run's own that they come from.
 * @throws ConfigError where the scope looks at no text, DataError for a record on both sides, and as `readSources`
 */
export async function textToLocalise(
  { localise }: Pick<UnlearnConfig, "localise">,
  scope: Pick<OpenScope, "name" | "localise">,
  run: { readonly forget: Read; readonly retain: Read; readonly signal?: AbortSignal | undefined },
): Promise<SideRecords & Pick<Read, "files">> {
  const own = { forget: run.forget.records, retain: run.retain.records };
  if (!localise) return { ...own, files: [] };
  if (!scope.localise) {
    throw new ConfigError(`scope "${scope.name}" looks at no text, and \`localise\` names text to look at`, {
      place: { key: "localise" },
      hint: "Leave `localise` out, or choose a scope that looks at text, such as memflex.",
    });
  }
  const files: string[] = [];
  const read = async (side: "forget" | "retain") => {
    const sources = localise[side];
    if (sources === undefined) return own[side];
    const found = await readSources(sources, run.signal);
    files.push(...found.files);
    return found.records;
  };
  const records = { forget: await read("forget"), retain: await read("retain") };
  refuseOverlap(records.forget, records.retain);
  const others = new Set([...run.forget.files, ...run.retain.files]);
  return { ...records, files: files.filter((file) => !others.has(file)) };
}

/** Token ids of both sides; there may be no text to retain. @throws ConfigError when there is none to forget. */
export const encodeSides = (
  session: Pick<Session, "tokenizer" | "encoding">,
  { forget, retain }: SideRecords,
): SideTexts => ({
  forget: encodeAll(session, forget, '"forget"'),
  retain: retain.length > 0 ? encodeAll(session, retain, '"retain"') : [],
});
