// Several streams as one, in the order in which their values arrive. Knows nothing of what they carry.

/** Yields [index of the source, value]. A source goes on when its value was taken. Ends with the first error; leaving ends all sources. */
export async function* merge<T>(
  sources: readonly AsyncGenerator<T, void, void>[],
): AsyncGenerator<readonly [number, T], void, void> {
  const ready: { readonly index: number; readonly value: T; readonly taken: () => void }[] = [];
  let open = sources.length;
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};

  async function pump(source: AsyncGenerator<T, void, void>, index: number): Promise<void> {
    try {
      for (;;) {
        const next = await source.next();
        if (next.done) return;
        await new Promise<void>((taken) => {
          ready.push({ index, value: next.value, taken });
          wake();
        });
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      open--;
      wake();
    }
  }

  try {
    sources.forEach((source, index) => void pump(source, index));
    for (;;) {
      const item = ready.shift();
      if (item) {
        yield [item.index, item.value];
        item.taken();
      } else if (failure) throw failure.error;
      else if (open === 0) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    for (const source of sources) void source.return().catch(() => {});
  }
}
