// Lines that only the holder of a key reads: AES-256-GCM, the nonce made of the line itself by a second key, so that a run that was resumed writes the same bytes
// and no nonce serves two different lines. Equal lines at equal places show as equal; nothing else shows but their length.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError, RunError } from "../../../core/errors.ts";
import { explainFileFailure } from "../../../core/files.ts";

export interface LineSeal {
  /** What is written for a line. */
  close(line: object, index: number): object;
  /** What was written. @throws RunError when it cannot be opened with this key. */
  open(written: unknown, index: number, file: string): unknown;
}

export const plainLines: LineSeal = {
  close: (line) => line,
  open(written, index, file) {
    if (typeof written === "object" && written !== null && "sealed" in written) {
      throw new RunError(`${file}:${index + 1} is encrypted, and no key is given`, {
        place: { file, line: index + 1 },
        hint: "Name the key file that it was written with (source.encryptWith, or --key).",
      });
    }
    return written;
  },
};

/** @throws ConfigError for a file that holds no key; FileError when it cannot be read. */
export function openSeal(keyFile: string): LineSeal {
  const key = readKey(keyFile);
  const derive = (use: string) => Buffer.from(hkdfSync("sha256", key, "", `lethe revealed text: ${use}`, 32));
  const [secret, nonceKey] = [derive("encryption"), derive("nonce")];
  return {
    close(line, index) {
      const plain = JSON.stringify(line);
      const nonce = createHmac("sha256", nonceKey).update(`${index}\n${plain}`).digest().subarray(0, 12);
      const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(Buffer.from(String(index)));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64") };
    },
    open(written, index, file) {
      try {
        const bytes = Buffer.from((written as { readonly sealed: string }).sealed, "base64");
        const cipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(0, 12))
          .setAAD(Buffer.from(String(index)))
          .setAuthTag(bytes.subarray(12, 28));
        return JSON.parse(Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString("utf8"));
      } catch (cause) {
        throw new RunError(`${file}:${index + 1} cannot be opened with the key in ${keyFile}`, {
          place: { file, line: index + 1 },
          hint: "Give the key that the run was begun with; a damaged line is made again when the file is deleted.",
          cause,
        });
      }
    },
  };
}

/** 32 bytes as they are, as 64 hexadecimal digits or as base64. */
function readKey(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw explainFileFailure(error, file, "read");
  }
  if (bytes.length === 32) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[A-Za-z0-9+/]{43}=?$/.test(text)) return Buffer.from(text, "base64");
  throw new ConfigError(`${file} holds no key: ${bytes.length} bytes`, {
    place: { file, key: "source.encryptWith" },
    hint: "A key is 32 random bytes, or as many in hexadecimal or base64: openssl rand -out key.bin 32",
  });
}
