// What the server counts, in the text form that Prometheus reads. Names and label values are the server's own, never a client's.

type Labels = Readonly<Record<string, string | number>>;

interface Family {
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly lines: () => string[];
}

export interface Counter {
  add(labels: Labels, amount?: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

export interface MetricsRegistry {
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** Read when asked. */
  gauge(name: string, help: string, read: () => Iterable<readonly [Labels, number]>): void;
  /** Grows outside; read when asked. */
  counterOf(name: string, help: string, read: () => Iterable<readonly [Labels, number]>): void;
  text(): string;
}

export function createMetricsRegistry(): MetricsRegistry {
  const families = new Map<string, Family>();
  const read = (name: string, values: () => Iterable<readonly [Labels, number]>) => () =>
    [...values()].map(([labels, value]) => `${name}${written(labels)} ${value}`);
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      const lines = () => [...values].map(([labels, value]) => `${name}${labels} ${value}`);
      families.set(name, { help, type: "counter", lines });
      return {
        add(labels, amount = 1) {
          const key = written(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, bounds) {
      interface Cell {
        readonly labels: Labels;
        /** By bound: observations up to it and above the one before. */
        readonly counts: number[];
        sum: number;
        count: number;
      }
      const cells = new Map<string, Cell>();
      const lines = () =>
        [...cells.values()].flatMap(({ labels, counts, sum, count }) => {
          let below = 0;
          const buckets = bounds.map((bound, i) => {
            below += counts[i] as number;
            return `${name}_bucket${written({ ...labels, le: bound })} ${below}`;
          });
          return [
            ...buckets,
            `${name}_bucket${written({ ...labels, le: "+Inf" })} ${count}`,
            `${name}_sum${written(labels)} ${sum}`,
            `${name}_count${written(labels)} ${count}`,
          ];
        });
      families.set(name, { help, type: "histogram", lines });
      return {
        observe(labels, value) {
          const key = written(labels);
          let cell = cells.get(key);
          if (!cell) {
            cell = { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
            cells.set(key, cell);
          }
          const place = bounds.findIndex((bound) => value <= bound);
          if (place >= 0) cell.counts[place] = (cell.counts[place] as number) + 1;
          cell.sum += value;
          cell.count++;
        },
      };
    },
    gauge: (name, help, values) => void families.set(name, { help, type: "gauge", lines: read(name, values) }),
    counterOf: (name, help, values) => void families.set(name, { help, type: "counter", lines: read(name, values) }),
    text: () =>
      `${[...families]
        .flatMap(([name, { help, type, lines }]) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()])
        .join("\n")}\n`,
  };
}

function written(labels: Labels): string {
  const entries = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return entries.length > 0 ? `{${entries.join(",")}}` : "";
}
