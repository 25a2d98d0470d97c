import { at, FLOAT, loadLanes, multiplyAdd, panelWidth, storeLanes } from './lanes';

/** Rows that pass through all panels before the next ones: their part of A stays in the first-level cache. */
const BLOCK: i32 = 64;

/**
 * c [rows, columns] = a [rows, depth] . B + bias, or that added to c, with B and the bias packed by `pack`. Each element is one sum
 * over the depth in order, so that its bits depend on its own row only. Strides count floats.
 */
export function multiply(
  rows: i32, columns: i32, depth: i32, a: usize, aStride: i32, packed: usize, c: usize, cStride: i32, add: bool,
): void {
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    multiplyBlock(count, columns, depth, at(a, row * aStride), aStride, packed, at(c, row * cStride), cStride, add);
  }
}

/** `multiply` of rows that fit into the cache. */
export function multiplyBlock(
  rows: i32, columns: i32, depth: i32, a: usize, aStride: i32, packed: usize, c: usize, cStride: i32, add: bool,
): void {
  const aBytes = <usize>aStride << 2;
  const cBytes = <usize>cStride << 2;
  let panel = at(packed, (columns + 3) & ~3);
  for (let first = 0; first < columns; ) {
    const left = columns - first;
    const width = panelWidth(left);
    const bias = at(packed, first);
    let from = a;
    let to = at(c, first);
    const step = width == 12 ? 3 : 4;
    let row = 0;
    for (; row + step <= rows; row += step) {
      if (left == 1) column4(depth, from, aBytes, panel, bias, to, cBytes, add);
      else if (width == 12) tile3x3(depth, from, aBytes, panel, bias, to, cBytes, left, add);
      else if (width == 8) tile4x2(depth, from, aBytes, panel, bias, to, cBytes, left, add);
      else tile4x1(depth, from, aBytes, panel, bias, to, cBytes, left, add);
      from += step * aBytes;
      to += step * cBytes;
    }
    for (; row < rows; row++) {
      if (width == 12) tile1x3(depth, from, aBytes, panel, bias, to, cBytes, left, add);
      else if (width == 8) tile1x2(depth, from, aBytes, panel, bias, to, cBytes, left, add);
      else tile1x1(depth, from, aBytes, panel, bias, to, cBytes, left, add);
      from += aBytes;
      to += cBytes;
    }
    panel = at(panel, depth * width);
    first += width;
  }
}

@inline
function finish(to: usize, sum: v128, bias: v128, columns: i32, add: bool): void {
  let value = f32x4.add(sum, bias);
  if (add) value = f32x4.add(value, loadLanes(to, columns));
  storeLanes(to, value, columns);
}

/** Four rows of a single column: a row per lane, so that no lane is wasted. Each sum has the order of the tiles. */
function column4(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, add: bool): void {
  const a1 = a + stride;
  const a2 = a + 2 * stride;
  const a3 = a + 3 * stride;
  let sum = f32x4.splat(0);
  let k: usize = 0;
  const end = <usize>depth << 2;
  for (; k + 16 <= end; k += 16) {
    const r0 = v128.load(a + k);
    const r1 = v128.load(a1 + k);
    const r2 = v128.load(a2 + k);
    const r3 = v128.load(a3 + k);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    sum = multiplyAdd(v128.shuffle<f32>(low01, low23, 0, 1, 4, 5), v128.load_splat<f32>(b), sum);
    sum = multiplyAdd(v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), v128.load_splat<f32>(b, 16), sum);
    sum = multiplyAdd(v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), v128.load_splat<f32>(b, 32), sum);
    sum = multiplyAdd(v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), v128.load_splat<f32>(b, 48), sum);
    b += 64;
  }
  for (; k < end; k += FLOAT) {
    let x = v128.load32_zero(a + k);
    x = f32x4.replace_lane(x, 1, load<f32>(a1 + k));
    x = f32x4.replace_lane(x, 2, load<f32>(a2 + k));
    x = f32x4.replace_lane(x, 3, load<f32>(a3 + k));
    sum = multiplyAdd(x, v128.load_splat<f32>(b), sum);
    b += 16;
  }
  sum = f32x4.add(sum, v128.load_splat<f32>(bias));
  storeInto(c, f32x4.extract_lane(sum, 0), add);
  storeInto(c + cStride, f32x4.extract_lane(sum, 1), add);
  storeInto(c + 2 * cStride, f32x4.extract_lane(sum, 2), add);
  storeInto(c + 3 * cStride, f32x4.extract_lane(sum, 3), add);
}

@inline
function storeInto(to: usize, value: f32, add: bool): void {
  store<f32>(to, add ? value + load<f32>(to) : value);
}

// tileRxV: R rows of c, V vectors of four columns, of which `columns` are to be stored.

function tile3x3(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, columns: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c12 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c22 = f32x4.splat(0);
  let a1 = a + stride;
  let a2 = a + 2 * stride;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    c02 = multiplyAdd(x, b2, c02);
    a += FLOAT;
    x = v128.load_splat<f32>(a1);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    c12 = multiplyAdd(x, b2, c12);
    a1 += FLOAT;
    x = v128.load_splat<f32>(a2);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    c22 = multiplyAdd(x, b2, c22);
    a2 += FLOAT;
    b += 48;
  }
  finish(c, c00, v128.load(bias), columns, add);
  finish(c + 16, c01, v128.load(bias, 16), columns - 4, add);
  finish(c + 32, c02, v128.load(bias, 32), columns - 8, add);
  c += cStride;
  finish(c, c10, v128.load(bias), columns, add);
  finish(c + 16, c11, v128.load(bias, 16), columns - 4, add);
  finish(c + 32, c12, v128.load(bias, 32), columns - 8, add);
  c += cStride;
  finish(c, c20, v128.load(bias), columns, add);
  finish(c + 16, c21, v128.load(bias, 16), columns - 4, add);
  finish(c + 32, c22, v128.load(bias, 32), columns - 8, add);
}

function tile4x2(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, columns: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let a1 = a + stride;
  let a2 = a + 2 * stride;
  let a3 = a + 3 * stride;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    a += FLOAT;
    x = v128.load_splat<f32>(a1);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    a1 += FLOAT;
    x = v128.load_splat<f32>(a2);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    a2 += FLOAT;
    x = v128.load_splat<f32>(a3);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    a3 += FLOAT;
    b += 32;
  }
  finish(c, c00, v128.load(bias), columns, add);
  finish(c + 16, c01, v128.load(bias, 16), columns - 4, add);
  c += cStride;
  finish(c, c10, v128.load(bias), columns, add);
  finish(c + 16, c11, v128.load(bias, 16), columns - 4, add);
  c += cStride;
  finish(c, c20, v128.load(bias), columns, add);
  finish(c + 16, c21, v128.load(bias, 16), columns - 4, add);
  c += cStride;
  finish(c, c30, v128.load(bias), columns, add);
  finish(c + 16, c31, v128.load(bias, 16), columns - 4, add);
}

function tile4x1(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, columns: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let a1 = a + stride;
  let a2 = a + 2 * stride;
  let a3 = a + 3 * stride;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    a += FLOAT;
    x = v128.load_splat<f32>(a1);
    c10 = multiplyAdd(x, b0, c10);
    a1 += FLOAT;
    x = v128.load_splat<f32>(a2);
    c20 = multiplyAdd(x, b0, c20);
    a2 += FLOAT;
    x = v128.load_splat<f32>(a3);
    c30 = multiplyAdd(x, b0, c30);
    a3 += FLOAT;
    b += 16;
  }
  finish(c, c00, v128.load(bias), columns, add);
  c += cStride;
  finish(c, c10, v128.load(bias), columns, add);
  c += cStride;
  finish(c, c20, v128.load(bias), columns, add);
  c += cStride;
  finish(c, c30, v128.load(bias), columns, add);
}

function tile1x3(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, columns: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    c02 = multiplyAdd(x, b2, c02);
    a += FLOAT;
    b += 48;
  }
  finish(c, c00, v128.load(bias), columns, add);
  finish(c + 16, c01, v128.load(bias, 16), columns - 4, add);
  finish(c + 32, c02, v128.load(bias, 32), columns - 8, add);
}

function tile1x2(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, columns: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    a += FLOAT;
    b += 32;
  }
  finish(c, c00, v128.load(bias), columns, add);
  finish(c + 16, c01, v128.load(bias, 16), columns - 4, add);
}

function tile1x1(depth: i32, a: usize, stride: usize, b: usize, bias: usize, c: usize, cStride: usize, columns: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    a += FLOAT;
    b += 16;
  }
  finish(c, c00, v128.load(bias), columns, add);
}
