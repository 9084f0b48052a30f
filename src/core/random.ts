// Seeded random numbers (sfc32). Every random choice in Lethe comes from one of these, passed in.

export interface Random {
  /** What it was made from, as text; a fork's has the labels too. */
  readonly seed: string;
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** A uniformly chosen element. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator, determined by this one's seed and the label alone, not by how many numbers were drawn. */
  fork(label: string): Random;
}

/** A generator determined by `seed`. */
export function createRandom(seed: number | string): Random {
  const name = String(seed);
  let [a, b, c, d] = seedWords(name);

  const next = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();

  const uniform = () => next() / 4294967296;
  const integer = (n: number) => Math.floor(uniform() * n);
  return {
    seed: name,
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer,
    pick: <T>(items: readonly T[]): T => items[integer(items.length)] as T,
    shuffle: <T>(items: readonly T[]): T[] => {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [result[i], result[j]] = [result[j] as T, result[i] as T];
      }
      return result;
    },
    fork: (label) => createRandom(`${name}/${label}`),
  };
}

/** FNV-1a over the seed's characters, four times with different offsets. */
function seedWords(seed: string): [number, number, number, number] {
  const hash = (offset: number) => {
    let h = offset | 0;
    for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 16777619);
    return h ^ (h >>> 15);
  };
  return [hash(0x811c9dc5), hash(0x9e3779b9), hash(0x85ebca6b), 1];
}
