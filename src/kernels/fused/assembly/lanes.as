// Loads and stores of up to four floats. What is not loaded is 0; what is not stored stays as it was.

/** Bytes of a float. */
export const FLOAT: usize = 4;

@inline
export function at(base: usize, index: i32): usize {
  return base + (<usize>index << 2);
}

@inline
export function loadLanes(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from);
  if (count == 1) return v128.load32_zero(from);
  const two = v128.load64_zero(from);
  return count == 2 ? two : f32x4.replace_lane(two, 2, load<f32>(from, 8));
}

@inline
export function storeLanes(to: usize, value: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, value);
    return;
  }
  if (count == 1) {
    v128.store32_lane(to, value, 0);
    return;
  }
  v128.store64_lane(to, value, 0);
  if (count == 3) v128.store32_lane(to, value, 2, 8);
}

/** ((0 + 1) + (2 + 3)) */
@inline
export function sumOfLanes(value: v128): f32 {
  return (
    f32x4.extract_lane(value, 0) + f32x4.extract_lane(value, 1) + (f32x4.extract_lane(value, 2) + f32x4.extract_lane(value, 3))
  );
}

/** a * b + c, rounded twice: never fused, so that every engine gives the same bits. */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Columns of the next panel when `left` are to go: 12, 8 or 4, of which the last may not all be used. */
@inline
export function panelWidth(left: i32): i32 {
  return left > 8 ? 12 : left > 4 ? 8 : 4;
}
