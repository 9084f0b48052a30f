// The Porter stemmer with the extensions of NLTK's PorterStemmer (its default mode), which Google's rouge_score uses.
// Works on any lower-case string; letters outside a, e, i, o, u, y count as consonants, digits too.
// Source: Porter, "An algorithm for suffix stripping", Program 14(3), 1980; NLTK's deviations are marked "extension".

/** Extension: whole words that the rules would get wrong. */
const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ["sky", "sky"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["innings", "inning"],
  ["inning", "inning"],
  ["outings", "outing"],
  ["outing", "outing"],
  ["cannings", "canning"],
  ["canning", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

/** Suffix and replacement, tried in order; the first suffix that matches decides, whether its condition holds or not. */
type Rules = readonly (readonly [suffix: string, replacement: string])[];

const STEP_1A: Rules = [
  ["sses", "ss"],
  ["ies", "i"],
  ["ss", "ss"],
  ["s", ""],
];

const STEP_2: Rules = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["bli", "ble"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
  ["fulli", "ful"], // extension
  ["logi", "log"], // extension
];

const STEP_3: Rules = [
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
];

const STEP_4: Rules = (
  "al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize".split(" ") as string[]
).map((suffix) => [suffix, ""]);

/** The stem of a word, lower-cased. */
export function porterStem(word: string): string {
  const lower = word.toLowerCase();
  const irregular = IRREGULAR.get(lower);
  if (irregular !== undefined) return irregular;
  if (lower.length <= 2) return lower;
  let stem = plurals(lower);
  stem = pastAndGerund(stem);
  stem = finalY(stem);
  stem = doubleSuffixes(stem);
  stem = replace(stem, STEP_3, (rest) => measure(rest) > 0);
  stem = replace(stem, STEP_4, (rest, suffix) => measure(rest) > 1 && (suffix !== "ion" || /[st]$/.test(rest)));
  return finalDoubleL(finalE(stem));
}

/** Step 1a. */
function plurals(word: string): string {
  // Extension: "dies" becomes "die", "flies" becomes "fli".
  if (word.length === 4 && word.endsWith("ies")) return word.slice(0, -1);
  return replace(word, STEP_1A, () => true);
}

/** Step 1b. */
function pastAndGerund(word: string): string {
  // Extension: "died" becomes "die", "spied" becomes "spi".
  if (word.endsWith("ied")) return word.length === 4 ? word.slice(0, -1) : word.slice(0, -2);
  if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const ending = word.endsWith("ed") ? 2 : word.endsWith("ing") ? 3 : 0;
  const stem = word.slice(0, word.length - ending);
  if (ending === 0 || !hasVowel(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsInDoubleConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

/** Step 1c. Extension: only after a consonant that is not the word's first letter. */
function finalY(word: string): string {
  const stem = word.slice(0, -1);
  return word.endsWith("y") && stem.length > 1 && isConsonant(stem, stem.length - 1) ? `${stem}i` : word;
}

/** Step 2. */
function doubleSuffixes(word: string): string {
  // Extension: "alli" goes first, and what it leaves is looked at again.
  if (word.endsWith("alli") && measure(word.slice(0, -4)) > 0) return doubleSuffixes(word.slice(0, -2));
  // Extension: the l of "logi" counts as part of the stem, so that "geologi" is treated as "archaeologi" is.
  return replace(word, STEP_2, (rest, suffix) => measure(suffix === "logi" ? `${rest}l` : rest) > 0);
}

/** Step 5a. */
function finalE(word: string): string {
  if (!word.endsWith("e")) return word;
  const stem = word.slice(0, -1);
  const syllables = measure(stem);
  return syllables > 1 || (syllables === 1 && !endsShort(stem)) ? stem : word;
}

/** Step 5b. */
function finalDoubleL(word: string): string {
  return word.endsWith("ll") && measure(word.slice(0, -1)) > 1 ? word.slice(0, -1) : word;
}

function replace(word: string, rules: Rules, holds: (rest: string, suffix: string) => boolean): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (!rule) return word;
  const rest = word.slice(0, word.length - rule[0].length);
  return holds(rest, rule[0]) ? rest + rule[1] : word;
}

/** For each letter whether it is a consonant; y is one at the start and after a vowel. */
function consonants(word: string): boolean[] {
  const flags: boolean[] = [];
  for (let i = 0; i < word.length; i++) {
    const letter = word[i] as string;
    flags.push(letter === "y" ? i === 0 || !flags[i - 1] : !"aeiou".includes(letter));
  }
  return flags;
}

const isConsonant = (word: string, i: number): boolean => consonants(word)[i] === true;
const hasVowel = (word: string): boolean => consonants(word).includes(false);

/** Porter's m: how often a vowel is followed by a consonant. */
function measure(stem: string): number {
  return consonants(stem).filter((consonant, i, all) => consonant && all[i - 1] === false).length;
}

/** Porter's *d. */
function endsInDoubleConsonant(word: string): boolean {
  const last = word.length - 1;
  return last >= 1 && word[last] === word[last - 1] && isConsonant(word, last);
}

/** Porter's *o: consonant, vowel, consonant other than w, x, y. Extension: also a two-letter word of vowel and consonant. */
function endsShort(word: string): boolean {
  const flags = consonants(word);
  const last = word.length - 1;
  if (word.length === 2) return flags[0] === false && flags[1] === true;
  return (
    last >= 2 && flags[last - 2] === true && flags[last - 1] === false && flags[last] === true && !/[wxy]$/.test(word)
  );
}
