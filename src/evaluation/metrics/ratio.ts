// Measures that are a ratio of two counts over the whole set, such as F1: the sum of the one by the sum of the other, not the mean of the records' own ratios.
// A raw value is one number, so a record's two counts stand in one, both whole and below 2²⁶.

const base = 2 ** 26;

/** Part and whole of one record as a raw value; null where the record has nothing to count. */
export const counted = (part: number, whole: number): number | null => (whole === 0 ? null : part * base + whole);

const partOf = (value: number) => Math.floor(value / base);
const wholeOf = (value: number) => value % base;

/** For `defineMetric`: how counts sum up and how a record's are shown. */
export const ratioOfSums = {
  aggregate: (values: ArrayLike<number>): number => {
    let part = 0;
    let whole = 0;
    for (let i = 0; i < values.length; i++) {
      part += partOf(values[i] as number);
      whole += wholeOf(values[i] as number);
    }
    return part / whole;
  },
  show: (value: number): number => partOf(value) / wholeOf(value),
};
