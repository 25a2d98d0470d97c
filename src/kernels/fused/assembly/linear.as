import { activate } from './activations';
import { at } from './lanes';
import { multiplyBlock } from './multiply';

/** Rows after which the activation runs, while they are in the cache. */
const BLOCK: i32 = 64;

/** y [rows, columns] = activation(x [rows, depth] . W^T + bias), W and bias packed; the slope of SiLU goes to `slope` (0: not wanted). */
export function linear(
  rows: i32, columns: i32, depth: i32, x: usize, packed: usize, kind: i32, y: usize, slope: usize,
): void {
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const offset = row * columns;
    multiplyBlock(count, columns, depth, at(x, row * depth), depth, packed, at(y, offset), columns, false);
    activate(kind, count * columns, at(y, offset), slope == 0 ? 0 : at(slope, offset));
  }
}
