// Changes of dtype. float32 is held in float64, so only half precision rounds.

import { at, type Dense } from "../dense.ts";
import { toHalf } from "../half-precision.ts";
import type { Kernel } from "../kernel.ts";

export const conversionKernels = {
  cast: (result, [x], { dtype }) => {
    const { data } = x as Dense;
    for (let i = 0; i < result.length; i++) {
      const value = at(data, i);
      if (dtype === "bool") result[i] = Number(value !== 0);
      else if (dtype === "int32" || dtype === "int64") result[i] = Math.trunc(value);
      else result[i] = dtype === "float32" ? value : toHalf[dtype].round(value);
    }
  },
  stopGradient: (result, [x]) => result.set((x as Dense).data),
} satisfies Record<string, Kernel>;
