import { at } from './lanes';

/**
 * out [edges, 3] = c[to] - c[from] + shifts (0: none) for coordinates c [nodes, 3]. Returns 0, or 1 when an index is outside 0 .. nodes - 1:
 * then `out` is not whole.
 */
export function edgeVectors(edges: i32, nodes: i32, c: usize, from: usize, to: usize, shifts: usize, out: usize): i32 {
  for (let edge = 0; edge < edges; edge++) {
    const i = load<i32>(at(from, edge));
    const j = load<i32>(at(to, edge));
    if (<u32>i >= <u32>nodes || <u32>j >= <u32>nodes) return 1;
    for (let axis = 0; axis < 3; axis++) {
      let value = load<f32>(at(c, 3 * j + axis)) - load<f32>(at(c, 3 * i + axis));
      if (shifts != 0) value += load<f32>(at(shifts, 3 * edge + axis));
      store<f32>(at(out, 3 * edge + axis), value);
    }
  }
  return 0;
}

/** out [rows] = the lengths of vectors [rows, 3], their squares at least `floor`. */
export function lengths(rows: i32, vectors: usize, floor: f32, out: usize): void {
  for (let row = 0; row < rows; row++) store<f32>(at(out, row), sqrt<f32>(max<f32>(square(at(vectors, 3 * row)), floor)));
}

/** out [rows, 3] = dy * vector / length; 0 where the floor holds. */
export function lengthsGradient(rows: i32, vectors: usize, floor: f32, dy: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const vector = at(vectors, 3 * row);
    const squared = square(vector);
    const scale: f32 = squared < floor ? 0 : load<f32>(at(dy, row)) / sqrt<f32>(squared);
    for (let axis = 0; axis < 3; axis++) store<f32>(at(out, 3 * row + axis), load<f32>(at(vector, axis)) * scale);
  }
}

@inline
function square(vector: usize): f32 {
  const x = load<f32>(vector);
  const y = load<f32>(vector, 4);
  const z = load<f32>(vector, 8);
  return x * x + y * y + z * z;
}
