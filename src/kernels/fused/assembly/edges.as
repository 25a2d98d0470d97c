import { activate } from './activations';
import { at, loadLanes, multiplyAdd, storeLanes } from './lanes';

/** Edges after which the activation runs, while they are in the cache. */
const BLOCK: i32 = 64;

/**
 * y [edges, columns] = activation(p[from] + q[to] + x . w): what is left of a linear layer over [h_from, h_to, x] once its products with
 * the nodes are there. Rows of p, q [nodes, stride] and w [width, stride] are whole vectors; the bias is in p. Returns 0, or 1 when an index
 * is outside 0 .. nodes - 1: then y is not whole.
 */
export function edgeCombine(
  edges: i32, nodes: i32, columns: i32, width: i32, stride: i32, p: usize, q: usize, from: usize, to: usize, x: usize, w: usize,
  kind: i32, y: usize, slope: usize,
): i32 {
  for (let edge = 0; edge < edges; edge += BLOCK) {
    const count = min(BLOCK, edges - edge);
    for (let index = 0; index < count; index++) {
      const i = load<i32>(at(from, edge + index));
      const j = load<i32>(at(to, edge + index));
      if (<u32>i >= <u32>nodes || <u32>j >= <u32>nodes) return 1;
      const pRow = at(p, i * stride);
      const qRow = at(q, j * stride);
      const xRow = at(x, (edge + index) * width);
      const yRow = at(y, (edge + index) * columns);
      for (let column = 0; column < columns; column += 4) {
        let value = f32x4.add(v128.load(at(pRow, column)), v128.load(at(qRow, column)));
        for (let k = 0; k < width; k++) {
          value = multiplyAdd(v128.load_splat<f32>(at(xRow, k)), v128.load(at(w, k * stride + column)), value);
        }
        storeLanes(at(yRow, column), value, columns - column);
      }
    }
    const offset = edge * columns;
    activate(kind, count * columns, at(y, offset), slope == 0 ? 0 : at(slope, offset));
  }
  return 0;
}

/** out [entries, columns] = x[index]. Returns 0, or 1 when an index is outside 0 .. rows - 1. */
export function gatherRows(entries: i32, rows: i32, columns: i32, x: usize, index: usize, out: usize): i32 {
  for (let entry = 0; entry < entries; entry++) {
    const row = load<i32>(at(index, entry));
    if (<u32>row >= <u32>rows) return 1;
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      storeLanes(at(out, entry * columns + column), loadLanes(at(x, row * columns + column), left), left);
    }
  }
  return 0;
}
