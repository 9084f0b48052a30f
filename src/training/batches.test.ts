// Which examples come next, said before they are drawn.

import { expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { createBatchSupply } from "./batches.ts";

const sequences = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ids: new Int32Array(3 + (i % 5)), labels: new Int32Array(3 + (i % 5)) }));

test.each([
  ["one side", { forget: sequences(11) }],
  ["pairs", { forget: sequences(7), retain: sequences(23) }],
])("what lies ahead of a supply of %s is what it then gives, wherever it stands", (_, examples) => {
  const supply = createBatchSupply(examples, { batchSize: 3, random: createRandom(1) });
  for (const count of [2, 5]) {
    const ahead = supply.ahead(count);
    const given = Array.from({ length: count }, () => supply.next());
    for (const name of Object.keys(examples) as ("forget" | "retain")[]) {
      const drawn = given.flatMap(({ branches }) => branches[name]?.items.map(({ index }) => index) ?? []);
      expect(ahead[name]).toEqual(new Set(drawn));
    }
  }
});
