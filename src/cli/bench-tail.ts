// `lethe bench tail`: how far a steered model is from itself when only its most likely tokens are told, over answers of a data file. Whole rows are needed,
// so its weights have to be here.

import { measureTail, type WholePlace } from "../steering/tail-error.ts";
import { encodeAll } from "../unlearning/session.ts";
import type { Call } from "./command.ts";
import { type OffsetBenchOptions, openOffsetBench } from "./offset-bench.ts";
import { type Column, formatTable } from "./table.ts";

const tops = [1, 5, 20, 100];

export async function benchTail(call: Call<OffsetBenchOptions>): Promise<void> {
  const { signal, result } = call;
  using bench = await openOffsetBench("tail", call);
  const { session, decoder, pair, records, source } = bench;
  const places: WholePlace[] = [];
  for (const { ids, answerStart } of encodeAll(session, records, source)) {
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
