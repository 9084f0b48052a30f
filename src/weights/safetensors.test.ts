import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LetheError, ModelError } from "../core/errors.ts";
import { bytesInMemory } from "./file-bytes.ts";
import {
  bytesPerElement,
  engineDType,
  openSafetensors,
  readSafetensors,
  type StoredDType,
  type StoredTensor,
} from "./safetensors.ts";
import { byteLengthOf, copyOf, type TensorToWrite, writeSafetensors } from "./safetensors-writer.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lethe-safetensors-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file from header text (or object) and data. */
function encode(header: unknown, data = new Uint8Array(), length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.byteLength + data.byteLength);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.byteLength), true);
  file.set(text, 8);
  file.set(data, 8 + text.byteLength);
  return file;
}
const read = (file: Uint8Array) => readSafetensors(bytesInMemory(file), "weights.safetensors");
const tensor = (from: number, to: number, shape: unknown = [(to - from) / 4], dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

test("a valid file gives its tensors by name, without copying a byte", () => {
  const data = Uint8Array.from({ length: 28 }, (_, i) => i);
  const header = {
    __metadata__: { format: "pt" },
    a: tensor(0, 24, [2, 3]),
    scalar: tensor(24, 28, []),
    empty: tensor(28, 28, [0, 9007199254740991, 9007199254740991]),
  };
  const bytes = encode(header, data);
  const { tensors, metadata } = read(bytes);
  expect([...tensors.keys()].sort()).toEqual(["a", "empty", "scalar"]);
  expect(metadata).toEqual({ format: "pt" });
  const a = tensors.get("a");
  expect(a).toMatchObject({ name: "a", file: "weights.safetensors", dtype: "F32", shape: [2, 3], byteLength: 24 });
  expect(a?.bytes()).toEqual(data.subarray(0, 24));
  expect(a?.bytes(4, 8)).toEqual(data.subarray(4, 8));
  expect(a?.bytes().buffer).toBe(bytes.buffer);
  expect(() => a?.bytes(0, 25)).toThrow(RangeError);
  expect(tensors.get("scalar")?.shape).toEqual([]);
});

test("each thing that can be wrong with a header has its own error, naming file and tensor", () => {
  const eight = new Uint8Array(8);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /has 3 bytes/],
    [encode({}, eight, 1_000n), /header has 1000 bytes, but 10 follow/],
    [encode({}, eight, 2n ** 63n), /header has 9223372036854775808 bytes; at most/],
    [encode("[]"), /a list, not a JSON object/],
    [encode("{"), /not valid JSON/],
    [encode('{"\xff":1}').fill(0xff, 10, 11), /not valid UTF-8/],
    [encode('{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}}'), /"w" occurs twice/],
    [encode(`{"w":${"[".repeat(20_000)}${"]".repeat(20_000)}}`), /nests deeper than 100 levels/],
    [encode({ w: 3 }), /tensor "w": its header entry is 3/],
    [encode({ w: tensor(0, 8, [2], "F8_E4M3") }, eight), /"w": dtype is "F8_E4M3"; readable are F64/],
    [encode({ w: tensor(0, 8, [2], "toString") }, eight), /dtype is "toString"/],
    [encode({ w: { dtype: "F32", shape: [2] } }, eight), /data_offsets is missing/],
    [encode({ w: tensor(0, 8, [-2]) }, eight), /shape is \[-2\]/],
    [encode({ w: tensor(0, 8, [2.5]) }, eight), /shape is \[2.5\]/],
    [encode({ w: tensor(0, 8, "2") }, eight), /shape is "2"/],
    [encode({ w: { dtype: "F32", shape: [], data_offsets: [4, 0] } }, eight), /end before they begin/],
    [encode({ w: tensor(0, 16) }, eight), /needs data up to byte 16, but the file holds 8/],
    [encode({ w: tensor(0, 8, [3]) }, eight), /shape \[3\] of F32 takes 12 bytes, but data_offsets span 8/],
    [encode({ w: tensor(0, 8, [2 ** 52, 2 ** 52]) }, eight), /takes .* bytes/],
    [encode({ a: tensor(0, 8), b: tensor(4, 8) }, eight), /"b": begins at byte 4 .* overlaps/],
    [encode({ a: tensor(0, 8), b: tensor(0, 8) }, eight), /overlaps/],
    [encode({ w: tensor(4, 8) }, eight), /leaves 4 bytes unused/],
    [encode({ w: tensor(0, 4) }, eight), /4 bytes after the last tensor/],
    [encode({ __metadata__: { n: 1 } }), /__metadata__ is/],
  ];
  for (const [file, message] of cases) {
    expect(() => read(file), String(message)).toThrow(ModelError);
    expect(() => read(file), String(message)).toThrow(message);
    expect(() => read(file)).toThrow(/weights\.safetensors/);
  }
});

test("opening a missing file, a folder, an empty and a truncated file are ModelErrors", async () => {
  const path = join(folder, "w.safetensors");
  expect(() => openSafetensors(path)).toThrow(ModelError);
  expect(() => openSafetensors(folder)).toThrow(/not a file/);
  if (process.platform === "linux") {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(() => openSafetensors(join(folder, "pipe"))).toThrow(/not a file/);
  }
  writeFileSync(path, "");
  expect(() => openSafetensors(path)).toThrow(/has 0 bytes/);
  await writeSafetensors(path, [floats("w", [1, 2, 3])]);
  const whole = readFileSync(path);
  for (const length of [whole.length - 1, whole.length - 12, 40, 9, 8]) {
    writeFileSync(path, whole.subarray(0, length));
    expect(() => openSafetensors(path), `${length}`).toThrow(ModelError);
  }
});

const floats = (name: string, values: number[]): TensorToWrite => ({
  name,
  dtype: "F32",
  shape: [values.length],
  data: Float32Array.from(values),
});

const dtypes = Object.keys(bytesPerElement) as StoredDType[];
const anyTensor = fc
  .record({
    name: fc.string().filter((name) => name !== "__metadata__"),
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
    seed: fc.nat(255),
  })
  .map(({ seed, ...rest }) => ({
    ...rest,
    data: new Uint8Array(byteLengthOf(rest)).map((_, i) => (i * 7 + seed) % 256),
  }));
const anyTensors = fc.uniqueArray(anyTensor, { maxLength: 6, selector: (entry) => entry.name });

test("what is written comes back from the mapped file, aligned, and is the same for every order of tensors", async () => {
  await fc.assert(
    fc.asyncProperty(anyTensors, async (tensors) => {
      const [path, reversed] = [join(folder, "a.safetensors"), join(folder, "b.safetensors")];
      await writeSafetensors(path, tensors);
      await writeSafetensors(reversed, [...tensors].reverse());
      expect(readFileSync(path).equals(readFileSync(reversed))).toBe(true);
      using file = openSafetensors(path);
      expect(file.tensors.size).toBe(tensors.length);
      for (const expected of tensors) {
        const got = file.tensors.get(expected.name);
        expect(got?.dtype).toBe(expected.dtype);
        expect(got?.shape).toEqual(expected.shape);
        expect(Buffer.from(got?.bytes() ?? []).equals(Buffer.from(expected.data))).toBe(true);
        const address = got?.memory().address ?? 1n;
        expect(got?.byteLength === 0 ? 0n : address % BigInt(bytesPerElement[expected.dtype])).toBe(0n);
      }
    }),
    { numRuns: 100 },
  );
});

test("data may be made when its turn comes, and a mapped tensor may be copied into another file", async () => {
  const path = join(folder, "a.safetensors");
  await writeSafetensors(path, [{ ...floats("w", [1, 2]), data: async () => Float32Array.of(1, 2) }]);
  using file = openSafetensors(path);
  const copy = join(folder, "copy.safetensors");
  await writeSafetensors(
    copy,
    [...file.tensors.values()].map((entry) => copyOf(entry)),
  );
  expect(readFileSync(copy)).toEqual(readFileSync(path));
});

test("the engine knows a tensor by its own dtype, and is not given what it cannot use", () => {
  const dtypeOf = (dtype: StoredDType) => {
    const file = read(encode({ w: tensor(0, 8, [8 / bytesPerElement[dtype]], dtype) }, new Uint8Array(8)));
    return engineDType(file.tensors.get("w") as StoredTensor);
  };
  expect(["BF16", "F16", "F32", "I64", "I32", "BOOL"].map((dtype) => dtypeOf(dtype as StoredDType))).toEqual([
    "bfloat16",
    "float16",
    "float32",
    "int64",
    "int32",
    "bool",
  ]);
  expect(() => dtypeOf("F64")).toThrow(/"w" is stored as F64/);
});

test("a tensor of the wrong size, a name used twice, an abort: an error, and the old file as it was", async () => {
  const path = join(folder, "a.safetensors");
  await writeSafetensors(path, [floats("w", [1])]);
  const old = readFileSync(path);
  await expect(writeSafetensors(path, [{ ...floats("w", [1, 2]), shape: [3] }])).rejects.toThrow(
    /takes 12 bytes, got 8/,
  );
  await expect(writeSafetensors(path, [floats("w", [1]), floats("w", [2])])).rejects.toThrow(
    /two tensors are named "w"/,
  );
  await expect(writeSafetensors(path, [floats("w", [1])], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  expect(readFileSync(path)).toEqual(old);
  expect(readdirSync(folder)).toEqual(["a.safetensors"]);
});

test("a disk that takes no more gives an error that says so and leaves no file behind", () => {
  // The limit on file sizes stands in for a full disk: the same system call fails in the same way.
  const program = `
    import { writeSafetensors } from ${JSON.stringify(new URL("./safetensors-writer.ts", import.meta.url).href)};
    await writeSafetensors(process.argv[1], [{ name: "w", dtype: "U8", shape: [1e6], data: new Uint8Array(1e6) }]).catch(
      (error) => console.log(error.name + ": " + error.message + " " + error.hint),
    );`;
  const script = 'ulimit -f 100; exec "$0" --import ./bin/typescript-loader.js --input-type=module -e "$1" "$2"';
  const path = join(folder, "big.safetensors");
  const output = execFileSync("bash", ["-c", script, process.execPath, program, path], { encoding: "utf8" });
  expect(output).toMatch(/FileError: cannot write .*big\.safetensors.*limit/);
  expect(readdirSync(folder)).toEqual([]);
});

test("random and mutated files are read or refused with a LetheError, nothing else", () => {
  const valid = encode(
    { __metadata__: { format: "pt" }, a: tensor(0, 8), b: tensor(8, 12, [2, 1], "BF16"), c: tensor(12, 12, [0]) },
    new Uint8Array(12),
  );
  const survive = (file: Uint8Array) => {
    try {
      for (const entry of read(file).tensors.values()) expect(entry.bytes().byteLength).toBe(byteLengthOf(entry));
    } catch (error) {
      expect(error, String((error as Error).stack)).toBeInstanceOf(ModelError);
    }
  };
  const edit = fc.record({ at: fc.nat(valid.length - 1), remove: fc.nat(4), insert: fc.uint8Array({ maxLength: 4 }) });
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(edits, (list) => {
      let file = valid;
      for (const { at, remove, insert } of list) {
        file = Uint8Array.from([...file.subarray(0, at), ...insert, ...file.subarray(at + remove)]);
      }
      survive(file);
    }),
    { numRuns: 4000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survive), { numRuns: 2000 });
  const junk = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 2 ** 53, 1e308, [], {}, "F32", [0, 8], [1e9, 1e9, 1e9]));
  const entry = fc.dictionary(fc.constantFrom("dtype", "shape", "data_offsets", "x"), junk);
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(entry, junk)), fc.uint8Array(), (header, data) =>
      survive(encode(header, data)),
    ),
    { numRuns: 3000 },
  );
});

test("an error is one screen long, however long the names in the file are", () => {
  const error = (() => {
    try {
      read(encode({ ["n".repeat(1e6)]: tensor(0, 4, "s".repeat(1e6)) }, new Uint8Array(4)));
    } catch (thrown) {
      return thrown as LetheError;
    }
    throw new Error("not refused");
  })();
  expect(LetheError.isInstance(error)).toBe(true);
  expect(error.message.length).toBeLessThan(500);
});
