// bfloat16 and float16, number by number: bit patterns to float64 and back, rounding to nearest even.

interface HalfFormat {
  decode(bits: number): number;
  encode(value: number): number;
  round(value: number): number;
}

/** A format of 16 bits: sign, `exponentBits`, and the rest fraction. Formulas of IEEE 754-2019 §3.4. */
function halfFormat(exponentBits: number): HalfFormat {
  const fractionBits = 15 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const steps = 2 ** fractionBits;
  const special = 2 ** exponentBits - 1;

  const decode = (bits: number): number => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> fractionBits) & special;
    const fraction = (bits & (steps - 1)) / steps;
    if (exponent === special) return fraction === 0 ? sign * Infinity : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
  };
  const encode = (value: number): number => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    if (Number.isNaN(value)) return (special << fractionBits) | (steps >> 1);
    const magnitude = Math.abs(value);
    if (magnitude === Infinity) return sign | (special << fractionBits);
    const exponent = magnitude === 0 ? 1 - bias : Math.max(Math.floor(Math.log2(magnitude)), 1 - bias);
    // Patterns of one sign are ordered as their values are, so rounding up may carry into the exponent.
    const pattern = roundEven((magnitude / 2 ** exponent) * steps) + (exponent + bias - 1) * steps;
    return sign | Math.min(pattern, special << fractionBits);
  };
  return { decode, encode, round: (value) => decode(encode(value)) };
}

function roundEven(value: number): number {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

export const toHalf = { bfloat16: halfFormat(8), float16: halfFormat(5) };
