import { at, FLOAT, loadLanes, panelWidth, storeLanes } from './lanes';

/**
 * Copies a matrix B [depth, columns] and a bias [columns] (0: none) into the order in which `multiply` reads them: the bias, padded
 * with zeros to a multiple of four, then panel after panel of B, each [depth, 12 or 8 or 4]. Strides count floats.
 */
export function pack(depth: i32, columns: i32, b: usize, rowStride: i32, columnStride: i32, bias: usize, packed: usize): void {
  const width = (columns + 3) & ~3;
  for (let column = 0; column < width; column++) {
    store<f32>(at(packed, column), bias != 0 && column < columns ? load<f32>(at(bias, column)) : 0);
  }
  let to = at(packed, width);
  for (let first = 0; first < columns; ) {
    const panel = panelWidth(columns - first);
    for (let row = 0; row < depth; row++) {
      let from = at(b, row * rowStride + first * columnStride);
      for (let column = 0; column < panel; column++) {
        store<f32>(to, first + column < columns ? load<f32>(from) : 0);
        from += <usize>columnStride << 2;
        to += FLOAT;
      }
    }
    first += panel;
  }
}

/** to [depth, stride] = b [depth, columns], padded with zeros. Strides count floats. */
export function copyPadded(
  depth: i32, columns: i32, b: usize, rowStride: i32, columnStride: i32, to: usize, stride: i32,
): void {
  for (let row = 0; row < depth; row++) {
    for (let column = 0; column < stride; column++) {
      const value: f32 = column < columns ? load<f32>(at(b, row * rowStride + column * columnStride)) : 0;
      store<f32>(at(to, row * stride + column), value);
    }
  }
}

/** to [rows, columns] = from: columns of one matrix into another. Strides count floats. */
export function copyColumns(rows: i32, columns: i32, from: usize, fromStride: i32, to: usize, toStride: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      storeLanes(at(to, row * toStride + column), loadLanes(at(from, row * fromStride + column), left), left);
    }
  }
}

/** to [rows, columns] = from [columns, rows]^T. Strides count floats. */
export function copyTransposed(rows: i32, columns: i32, from: usize, fromStride: i32, to: usize, toStride: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      store<f32>(at(to, row * toStride + column), load<f32>(at(from, column * fromStride + row)));
    }
  }
}

/** to [count] = 0 */
export function clear(count: i32, to: usize): void {
  memory.fill(to, 0, <usize>count << 2);
}
