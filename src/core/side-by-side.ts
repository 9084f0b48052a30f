// Several tasks at a time, begun in order. Knows nothing of what they do.

/**
 * Does `task` for every item, at most `atMost` of them at a time; the results stand in the order of the items. Items begin in order, so that one may wait for
 * an earlier one. The first that fails stops the others by their signal.
 * @throws the reason of `signal` when aborted, else what the first task to fail threw; only once every task that had begun has ended.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  { atMost, signal }: { readonly atMost: number; readonly signal?: AbortSignal | undefined },
  task: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length && !stop.aborted) {
      const index = next++;
      results[index] = await task(items[index] as Item, stop);
    }
  };
  const workers = Array.from({ length: Math.min(atMost, items.length) }, () =>
    work().catch((error) => failed.abort(error)),
  );
  await Promise.all(workers);
  signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  return results;
}
