import { at, loadLanes, multiplyAdd, storeLanes } from './lanes';

/** Activations by number, as src/kernels/fused/activation.ts numbers them. */
const RELU: i32 = 1;
const SILU: i32 = 2;
const SIGMOID: i32 = 3;

/** Where `prepare` has put the numbers of `exponential`. In memory, because engines build a literal vector anew at every use. */
let table: usize = 0;

/** Bytes that `prepare` writes. */
export function tableBytes(): i32 {
  return 52;
}

/** Writes the numbers that the activations need into memory of the caller's. To be called once, before anything else. */
export function prepare(memoryOfTable: usize): void {
  table = memoryOfTable;
  store<f32>(table, 88, 0); // exp overflows above 88.7
  store<f32>(table, -87, 4); // and is subnormal below -87.3
  store<f32>(table, 1.44269504088896341, 8); // 1 / ln 2
  store<f32>(table, 12582912, 12); // 1.5 * 2^23: adding it rounds to a whole number
  store<f32>(table, 0.693359375, 16); // ln 2 in two parts, the first with few bits
  store<f32>(table, -2.12194440e-4, 20);
  store<f32>(table, 1.9875691500e-4, 24); // the polynomial, highest power first
  store<f32>(table, 1.3981999507e-3, 28);
  store<f32>(table, 8.3334519073e-3, 32);
  store<f32>(table, 4.1665795894e-2, 36);
  store<f32>(table, 1.6666665459e-1, 40);
  store<f32>(table, 5.0000001201e-1, 44);
  store<f32>(table, 1, 48);
}

/**
 * y [count] = activation(y), in place. For SiLU the slope at each point goes to `slope`, unless that is 0. SiLU and Sigmoid stay within 3 units in the
 * last place of the exact value; NaN stays NaN.
 */
export function activate(kind: i32, count: i32, y: usize, slope: usize): void {
  if (kind == RELU) relu(count, y);
  else if (kind == SILU) silu(count, y, slope);
  else if (kind == SIGMOID) sigmoid(count, y);
}

/** dz [count] = dy * slope of the activation, which `saved` gives: the stored slope of SiLU, else the output. */
export function activationGradient(kind: i32, count: i32, dy: usize, saved: usize, dz: usize): void {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  for (let index = 0; index < count; index += 4) {
    const left = count - index;
    const g = loadLanes(at(dy, index), left);
    const s = loadLanes(at(saved, index), left);
    let slope = s;
    if (kind == RELU) slope = v128.and(one, f32x4.gt(s, zero));
    else if (kind == SIGMOID) slope = f32x4.mul(s, f32x4.sub(one, s));
    storeLanes(at(dz, index), f32x4.mul(g, slope), left);
  }
}

function relu(count: i32, y: usize): void {
  const zero = f32x4.splat(0);
  for (let index = 0; index < count; index += 4) {
    const z = loadLanes(at(y, index), count - index);
    // z < 0 ? 0 : z, so that NaN passes.
    storeLanes(at(y, index), f32x4.pmax(z, zero), count - index);
  }
}

function silu(count: i32, y: usize, slope: usize): void {
  const one = v128.load_splat<f32>(table, 48);
  let index = 0;
  // Two vectors at a time: they do not wait for each other, and share the constants.
  for (; index + 8 <= count; index += 8) {
    const place = at(y, index);
    const z0 = v128.load(place);
    const z1 = v128.load(place, 16);
    const s0 = logistic(z0, one);
    const s1 = logistic(z1, one);
    const value0 = f32x4.mul(z0, s0);
    const value1 = f32x4.mul(z1, s1);
    v128.store(place, value0);
    v128.store(place, value1, 16);
    if (slope != 0) {
      v128.store(at(slope, index), siluSlope(value0, s0, one));
      v128.store(at(slope, index), siluSlope(value1, s1, one), 16);
    }
  }
  for (; index < count; index += 4) {
    const left = count - index;
    const z = loadLanes(at(y, index), left);
    const s = logistic(z, one);
    const value = f32x4.mul(z, s);
    storeLanes(at(y, index), value, left);
    if (slope != 0) storeLanes(at(slope, index), siluSlope(value, s, one), left);
  }
}

function sigmoid(count: i32, y: usize): void {
  const one = v128.load_splat<f32>(table, 48);
  for (let index = 0; index < count; index += 4) {
    const left = count - index;
    storeLanes(at(y, index), logistic(loadLanes(at(y, index), left), one), left);
  }
}

/** 1 / (1 + exp(-z)) */
@inline
function logistic(z: v128, one: v128): v128 {
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(z))));
}

/** s + z s (1 - s), of z s and s */
@inline
function siluSlope(value: v128, s: v128, one: v128): v128 {
  return f32x4.add(s, f32x4.mul(value, f32x4.sub(one, s)));
}

/** exp(x) of four numbers, x clamped to -87 .. 88. Cephes' expf (Moshier): x = n ln 2 + r, a polynomial of degree 6 in r, times 2^n. */
@inline
function exponential(given: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(given, v128.load_splat<f32>(table)), v128.load_splat<f32>(table, 4));
  const magic = v128.load_splat<f32>(table, 12);
  const shifted = multiplyAdd(x, v128.load_splat<f32>(table, 8), magic);
  const n = f32x4.sub(shifted, magic);
  let r = f32x4.sub(x, f32x4.mul(n, v128.load_splat<f32>(table, 16)));
  r = f32x4.sub(r, f32x4.mul(n, v128.load_splat<f32>(table, 20)));
  let y = multiplyAdd(v128.load_splat<f32>(table, 24), r, v128.load_splat<f32>(table, 28));
  y = multiplyAdd(y, r, v128.load_splat<f32>(table, 32));
  y = multiplyAdd(y, r, v128.load_splat<f32>(table, 36));
  y = multiplyAdd(y, r, v128.load_splat<f32>(table, 40));
  y = multiplyAdd(y, r, v128.load_splat<f32>(table, 44));
  const one = v128.load_splat<f32>(table, 48);
  y = f32x4.add(multiplyAdd(f32x4.mul(y, r), r, r), one);
  // The low bits of `shifted` are n: moved into the exponent, they make 2^n.
  return f32x4.mul(y, i32x4.add(i32x4.shl(shifted, 23), one));
}
