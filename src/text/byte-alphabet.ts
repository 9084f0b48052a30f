// The 256 printable characters that stand for bytes in byte-level BPE vocabularies (GPT-2): printable Latin-1 bytes stand for themselves,
// the others for characters from U+0100 on. Knows nothing of merges.

const isPrintable = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

/** The character of each byte value. */
const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

/** The same characters in order of their code points: the order of ids in a vocabulary. */
export const byteAlphabet: readonly string[] = [...byteCharacters].sort();
