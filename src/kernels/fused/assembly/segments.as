import { at, loadLanes, multiplyAdd, storeLanes, sumOfLanes } from './lanes';

/** out [segments, outStride] = sums of x's rows [entries, columns] by segment, in the order of the entries (`order` 0: sorted already). */
export function segmentSum(segments: i32, columns: i32, x: usize, offsets: usize, order: usize, out: usize, outStride: i32): void {
  for (let segment = 0; segment < segments; segment++) {
    const first = load<i32>(at(offsets, segment));
    const end = load<i32>(at(offsets, segment + 1));
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      let sum = f32x4.splat(0);
      for (let position = first; position < end; position++) {
        const entry = order == 0 ? position : load<i32>(at(order, position));
        sum = f32x4.add(sum, loadLanes(at(x, entry * columns + column), left));
      }
      storeLanes(at(out, segment * outStride + column), sum, left);
    }
  }
}

/** The same of gate [entries] * x. */
export function gatedSegmentSum(
  segments: i32, columns: i32, x: usize, gate: usize, offsets: usize, order: usize, out: usize,
): void {
  for (let segment = 0; segment < segments; segment++) {
    const first = load<i32>(at(offsets, segment));
    const end = load<i32>(at(offsets, segment + 1));
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      let sum = f32x4.splat(0);
      for (let position = first; position < end; position++) {
        const entry = order == 0 ? position : load<i32>(at(order, position));
        sum = multiplyAdd(v128.load_splat<f32>(at(gate, entry)), loadLanes(at(x, entry * columns + column), left), sum);
      }
      storeLanes(at(out, segment * columns + column), sum, left);
    }
  }
}

/** sums [segments, columns] += x's rows [entries, columns] by segment, in the order of the entries. Entries of one segment that follow each other are fastest. */
export function addToSegments(entries: i32, columns: i32, x: usize, index: usize, sums: usize): void {
  for (let column = 0; column < columns; column += 4) {
    const left = columns - column;
    let entry = 0;
    while (entry < entries) {
      const row = load<i32>(at(index, entry));
      const to = at(sums, row * columns + column);
      let sum = loadLanes(to, left);
      do {
        sum = f32x4.add(sum, loadLanes(at(x, entry * columns + column), left));
        entry++;
      } while (entry < entries && load<i32>(at(index, entry)) == row);
      storeLanes(to, sum, left);
    }
  }
}

/** The same of gate [entries] * x. */
export function addGatedToSegments(entries: i32, columns: i32, x: usize, gate: usize, index: usize, sums: usize): void {
  for (let column = 0; column < columns; column += 4) {
    const left = columns - column;
    let entry = 0;
    while (entry < entries) {
      const row = load<i32>(at(index, entry));
      const to = at(sums, row * columns + column);
      let sum = loadLanes(to, left);
      do {
        sum = multiplyAdd(v128.load_splat<f32>(at(gate, entry)), loadLanes(at(x, entry * columns + column), left), sum);
        entry++;
      } while (entry < entries && load<i32>(at(index, entry)) == row);
      storeLanes(to, sum, left);
    }
  }
}

/** dx [entries, columns] = gate * dy[index] */
export function gatedRows(entries: i32, columns: i32, gate: usize, dy: usize, index: usize, dx: usize): void {
  for (let entry = 0; entry < entries; entry++) {
    const row = load<i32>(at(index, entry));
    const factor = v128.load_splat<f32>(at(gate, entry));
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      storeLanes(at(dx, entry * columns + column), f32x4.mul(factor, loadLanes(at(dy, row * columns + column), left)), left);
    }
  }
}

/** dgate [entries] = x . dy[index], row by row */
export function rowProducts(entries: i32, columns: i32, x: usize, dy: usize, index: usize, dgate: usize): void {
  for (let entry = 0; entry < entries; entry++) {
    const row = load<i32>(at(index, entry));
    let sum = f32x4.splat(0);
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      sum = multiplyAdd(loadLanes(at(x, entry * columns + column), left), loadLanes(at(dy, row * columns + column), left), sum);
    }
    store<f32>(at(dgate, entry), sumOfLanes(sum));
  }
}

/**
 * Both gradients of gate * x, whose sums have the gradient dy [segments, columns]: dx as gatedRows, dgate as rowProducts, plus start[index]
 * (start 0: nothing).
 */
export function gatedGradients(
  entries: i32, columns: i32, x: usize, gate: usize, dy: usize, index: usize, start: usize, dx: usize, dgate: usize,
): void {
  for (let entry = 0; entry < entries; entry++) {
    const row = load<i32>(at(index, entry));
    const factor = v128.load_splat<f32>(at(gate, entry));
    const offset = entry * columns;
    let sum = f32x4.splat(0);
    for (let column = 0; column < columns; column += 4) {
      const left = columns - column;
      const slope = loadLanes(at(dy, row * columns + column), left);
      storeLanes(at(dx, offset + column), f32x4.mul(factor, slope), left);
      sum = multiplyAdd(loadLanes(at(x, offset + column), left), slope, sum);
    }
    const product = sumOfLanes(sum);
    store<f32>(at(dgate, entry), start == 0 ? product : product + load<f32>(at(start, row)));
  }
}
