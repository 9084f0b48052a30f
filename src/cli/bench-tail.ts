// `lethe bench tail`: how far a steered model is from itself when only its most likely tokens are told, over answers of a data file. Whole rows are needed,
// so its weights have to be here.

import { ConfigError } from "../core/errors.ts";
import { createDecoder } from "../generation/index.ts";
import { openOffset, openOffsets } from "../steering/index.ts";
import { measureTail, type WholePlace } from "../steering/tail-error.ts";
import { openSession } from "../unlearning/index.ts";
import { encodeAll, readSources } from "../unlearning/session.ts";
import type { Call } from "./command.ts";
import { type Column, formatTable } from "./table.ts";

export interface BenchTailOptions {
  readonly offset?: string;
  readonly data?: string;
}

const tops = [1, 5, 20, 100];
/** Records looked at. */
const most = 50;

export async function benchTail({ options, report, signal, result }: Call<BenchTailOptions>): Promise<void> {
  if (options.offset === undefined || options.data === undefined) {
    throw new ConfigError("tail is measured with a run and text", {
      hint: "Give --offset <run folder of scope offset> and --data <file of questions and answers>.",
      place: { key: options.offset === undefined ? "--offset" : "--data" },
    });
  }
  const { model: steered } = openOffset(options.offset);
  using session = await openSession(steered.name, { device: "cpu", encoding: {}, report, signal });
  const { backend, tokenizer, model } = session;
  using offsets = await openOffsets([options.offset], {
    backend,
    tokenizer,
    name: steered.name,
    sha256: undefined,
    report,
  });
  const [pair] = offsets.pairs;
  if (!pair) throw new Error("a run holds one offset");
  using decoder = createDecoder(model);
  const { records } = await readSources(options.data, signal);
  const places: WholePlace[] = [];
  for (const { ids, answerStart } of encodeAll(session, records.slice(0, most), options.data)) {
    const count = ids.length - answerStart;
    const rowsOf = async (each: typeof decoder) => {
      using reader = each.reader(ids.length);
      const width = each.model.config.vocabularySize;
      const logits = await reader.read(ids, count, signal);
      return Array.from({ length: count }, (_, row) => logits.subarray(row * width, (row + 1) * width));
    };
    const [all, frozen, tuned] = [await rowsOf(decoder), await rowsOf(pair.frozen), await rowsOf(pair.tuned)];
    all.forEach((row, i) => {
      const [before, after] = [frozen[i] as Float32Array, tuned[i] as Float32Array];
      places.push({ model: row, frozen: before, tuned: after, alpha: pair.alpha });
    });
  }
  const measured = measureTail(places, tops);
  const columns: Column[] = ["told", "untold", "KL", "variation", "other choice"].map((title) => ({
    title,
    align: "right",
  }));
  result({ places: places.length, cases: measured }, () =>
    [
      `${places.length} places of answers; P_e from M's most likely tokens and the small model's tail, against P_e from whole rows`,
      formatTable(
        columns,
        measured.map((c) => [
          String(c.top),
          `${(100 * c.untold).toFixed(2)} %`,
          `${c.divergence.toFixed(5)} nats`,
          c.variation.toFixed(5),
          `${(100 * c.otherChoice).toFixed(2)} %`,
        ]),
      ),
    ].join("\n"),
  );
}
