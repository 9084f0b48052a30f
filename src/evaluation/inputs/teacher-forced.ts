// The records' own answers under the model, token by token; with the moments of the whole distribution where a metric asks for them.

import type { DistributionExample } from "../metrics/index.ts";
import type { Detail } from "./forced-pass.ts";
import type { InputSource, PreparedInput, SetContext } from "./source.ts";

export const teacherForced: InputSource<"teacher-forced"> = {
  missing: () => undefined,
  prepare: (context) => prepare(context, "prediction"),
};

export const distribution: InputSource<"distribution"> = {
  missing: () => undefined,
  prepare: (context) => prepare(context, "distribution"),
};

function prepare(
  { examples, tokenizer }: SetContext,
  detail: Detail,
): PreparedInput<"distribution"> & PreparedInput<"teacher-forced"> {
  const encoded = examples();
  const read = (ids: Int32Array) => tokenizer.decode(ids, { skipSpecialTokens: true });
  const texts = encoded.map(({ labels }) => read(labels.filter((label) => label >= 0)));
  return {
    sequences: new Map(encoded.map((example) => [example, detail])),
    measure: async (seen) =>
      encoded.map((example, i): DistributionExample => {
        const sequence = seen(example);
        // A chat template may close a turn with another token than the tokenizer's own end.
        const hasEnd = tokenizer.endIds.includes(sequence.labels.at(-1) as number);
        const predicted = read(Int32Array.from(sequence.predictions));
        return { ...sequence, hasEnd, text: texts[i] as string, predicted };
      }),
  };
}
