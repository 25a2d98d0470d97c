/**
 * base^exponent for a whole exponent >= 0, by squaring: float64 multiplications only, so the bits depend on IEEE 754 alone
 * and never on the engine's `Math.pow`. Relative error at most about exponent * 1.1e-16.
 */
export function integerPower(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/**
 * cos(pi * turns) from float64 additions and multiplications only: the same bits on every engine, exactly 0 and +-1 at the
 * quarter turns, error below 2e-16. `Math.cos` is not used because V8 may take it from fdlibm or from another library.
 * Source: reduction to [0, 1/4], then the kernel polynomials of fdlibm 5.3 (k_sin.c, k_cos.c).
 */
export function cosPi(turns: number): number {
  const within = Math.abs(turns) % 2; // [0, 2): the remainder is exact
  const folded = within > 1 ? 2 - within : within; // [0, 1]: cos is even about pi
  const sign = folded > 0.5 ? -1 : 1;
  const quarter = folded > 0.5 ? 1 - folded : folded; // [0, 1/2]
  return sign * (quarter <= 0.25 ? cosKernel(Math.PI * quarter) : sinKernel(Math.PI * (0.5 - quarter)));
}

/** cos on [0, pi/4]. */
function cosKernel(x: number): number {
  const z = x * x;
  const tail =
    4.16666666666666019037e-2 +
    z *
      (-1.38888888888741095749e-3 +
        z *
          (2.48015872894767294178e-5 +
            z * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11))));
  const half = 0.5 * z;
  const rounded = 1 - half;
  return rounded + (1 - rounded - half + z * z * tail);
}

/** sin on [0, pi/4]. */
function sinKernel(x: number): number {
  const z = x * x;
  const tail =
    -1.66666666666666324348e-1 +
    z *
      (8.33333333332248946124e-3 +
        z *
          (-1.98412698298579493134e-4 +
            z * (2.75573137070700676789e-6 + z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10))));
  return x + x * z * tail;
}
