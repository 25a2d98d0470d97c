import { at, loadLanes, multiplyAdd, panelWidth, storeLanes } from './lanes';

/** Rows that are added up by themselves before they join the total: keeps rounding errors small when there are many. */
const CHUNK: i32 = 256;

/**
 * sums [m, n rounded up to a multiple of four] += a [rows, m]^T . b [rows, n], at most 256 rows: one chunk of the
 * gradient of a weight (weight-sums.ts). `packed` holds rows * n floats, n rounded up.
 */
export function addTransposedProducts(
  rows: i32, m: i32, n: i32, a: usize, aStride: i32, b: usize, bStride: i32, sums: usize, packed: usize,
): void {
  const width = (n + 3) & ~3;
  if (width == n) {
    addChunk(rows, m, width, a, aStride, b, bStride, sums);
    return;
  }
  padRows(rows, n, b, bStride, packed, width);
  addChunk(rows, m, width, a, aStride, packed, width, sums);
}

/** out [n] = the sum of a's rows [rows, n], in the same order. */
export function columnSum(rows: i32, n: i32, a: usize, aStride: i32, out: usize): void {
  memory.fill(out, 0, <usize>n << 2);
  for (let row = 0; row < rows; row += CHUNK) addColumnSums(min(CHUNK, rows - row), n, at(a, row * aStride), aStride, out);
}

/** sums [n] += the sum of a's rows [rows, n], at most 256: one chunk of `columnSum`. */
export function addColumnSums(rows: i32, n: i32, a: usize, aStride: i32, sums: usize): void {
  const bytes = <usize>aStride << 2;
  for (let column = 0; column < n; column += 4) {
    const left = n - column;
    let from = at(a, column);
    let sum = f32x4.splat(0);
    for (let row = 0; row < rows; row++) {
      sum = f32x4.add(sum, loadLanes(from, left));
      from += bytes;
    }
    const to = at(sums, column);
    storeLanes(to, f32x4.add(loadLanes(to, left), sum), left);
  }
}

function padRows(rows: i32, n: i32, from: usize, stride: i32, to: usize, width: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column += 4) {
      v128.store(at(to, row * width + column), column + 4 <= n ? v128.load(at(from, row * stride + column)) : loadLanes(at(from, row * stride + column), n - column));
    }
  }
}

function addChunk(rows: i32, m: i32, width: i32, a: usize, aStride: i32, b: usize, bStride: i32, sums: usize): void {
  const aBytes = <usize>aStride << 2;
  const bBytes = <usize>bStride << 2;
  const sumBytes = <usize>width << 2;
  for (let first = 0; first < width; ) {
    const panel = panelWidth(width - first);
    const step = panel == 12 ? 3 : 4;
    let column = 0;
    for (; column + step <= m; column += step) {
      const to = at(sums, column * width + first);
      if (panel == 12) block3x3(rows, at(a, column), aBytes, at(b, first), bBytes, to, sumBytes);
      else if (panel == 8) block4x2(rows, at(a, column), aBytes, at(b, first), bBytes, to, sumBytes);
      else block4x1(rows, at(a, column), aBytes, at(b, first), bBytes, to, sumBytes);
    }
    for (; column < m; column++) {
      const to = at(sums, column * width + first);
      if (panel == 12) block1x3(rows, at(a, column), aBytes, at(b, first), bBytes, to, sumBytes);
      else if (panel == 8) block1x2(rows, at(a, column), aBytes, at(b, first), bBytes, to, sumBytes);
      else block1x1(rows, at(a, column), aBytes, at(b, first), bBytes, to, sumBytes);
    }
    first += panel;
  }
}

// blockMxV: M columns of a against V vectors of four columns of b, added to the sums.

function block3x3(rows: i32, a: usize, aStride: usize, b: usize, bStride: usize, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c12 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c22 = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    c02 = multiplyAdd(x, b2, c02);
    x = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    c12 = multiplyAdd(x, b2, c12);
    x = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    c22 = multiplyAdd(x, b2, c22);
    a += aStride;
    b += bStride;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
  v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
  v128.store(c, f32x4.add(v128.load(c, 32), c02), 32);
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c10));
  v128.store(c, f32x4.add(v128.load(c, 16), c11), 16);
  v128.store(c, f32x4.add(v128.load(c, 32), c12), 32);
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c20));
  v128.store(c, f32x4.add(v128.load(c, 16), c21), 16);
  v128.store(c, f32x4.add(v128.load(c, 32), c22), 32);
}

function block4x2(rows: i32, a: usize, aStride: usize, b: usize, bStride: usize, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    a += aStride;
    b += bStride;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
  v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c10));
  v128.store(c, f32x4.add(v128.load(c, 16), c11), 16);
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c20));
  v128.store(c, f32x4.add(v128.load(c, 16), c21), 16);
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c30));
  v128.store(c, f32x4.add(v128.load(c, 16), c31), 16);
}

function block4x1(rows: i32, a: usize, aStride: usize, b: usize, bStride: usize, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const b0 = v128.load(b);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    x = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(x, b0, c10);
    x = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(x, b0, c20);
    x = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(x, b0, c30);
    a += aStride;
    b += bStride;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c10));
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c20));
  c += cStride;
  v128.store(c, f32x4.add(v128.load(c), c30));
}

function block1x3(rows: i32, a: usize, aStride: usize, b: usize, bStride: usize, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    c02 = multiplyAdd(x, b2, c02);
    a += aStride;
    b += bStride;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
  v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
  v128.store(c, f32x4.add(v128.load(c, 32), c02), 32);
}

function block1x2(rows: i32, a: usize, aStride: usize, b: usize, bStride: usize, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    a += aStride;
    b += bStride;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
  v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
}

function block1x1(rows: i32, a: usize, aStride: usize, b: usize, bStride: usize, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const b0 = v128.load(b);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    a += aStride;
    b += bStride;
  }
  v128.store(c, f32x4.add(v128.load(c), c00));
}
