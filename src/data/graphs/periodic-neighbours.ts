import type { NeighbourPlan } from '../../contracts/graphs.ts';
import type { NeighbourList } from './neighbours.ts';

/** A periodic crystal's neighbours: `cell` has three lattice vectors as rows, in Angstrom. */
export interface PeriodicPlan extends Pick<NeighbourPlan, 'cutOff' | 'selfInteraction'> {
  readonly cell: NonNullable<NeighbourPlan['cell']>;
}

/** x, y, z in Angstrom, or three numbers of steps along a lattice. */
export type Vector = readonly [number, number, number];

/**
 * Finds the edges of atoms in a cell that repeats in all directions: every image of atom j that is closer than cut_off to atom i, an atom's own
 * images included, also where cut_off is longer than the cell. Atoms may lie outside the cell. Sorted by i, j and the image.
 *
 * As in physicsml the border itself does not count here (with a cell it compares with <, without one with <=). Distances are float64, so an
 * edge within rounding of cut_off may differ from physicsml's float32. Stops after `most` edges. `coordinates`: [n, 3] Angstrom.
 */
export function findPeriodicNeighbours(coordinates: Float32Array, plan: PeriodicPlan, most = Number.POSITIVE_INFINITY): NeighbourList {
  const { cutOff, selfInteraction } = plan;
  const atoms = coordinates.length / 3;
  const lattice = plan.cell as unknown as readonly [Vector, Vector, Vector];
  const { inverse, reach } = measureLattice(lattice, cutOff);
  const first: number[] = [];
  const second: number[] = [];
  const shifts: number[] = [];
  for (let i = 0; i < atoms; i++) {
    for (let j = 0; j < atoms; j++) {
      const between = difference(coordinates, i, j);
      const [[a0, a1], [b0, b1], [c0, c1]] = images(between, inverse, reach);
      for (let a = a0; a <= a1; a++) {
        for (let b = b0; b <= b1; b++) {
          for (let c = c0; c <= c1; c++) {
            const shift = imageShift(lattice, [a, b, c]);
            const isItself = i === j && a === 0 && b === 0 && c === 0;
            if (isItself ? !selfInteraction : squared(between, shift) >= cutOff ** 2) continue;
            first.push(i);
            second.push(j);
            shifts.push(...shift);
            if (first.length > most) return { first, second, shifts };
          }
        }
      }
    }
  }
  return { first, second, shifts };
}

/** The signed volume of a lattice, its inverse (columns: reciprocal vectors), and how many planes of each kind cut_off reaches across. */
export function measureLattice(
  [a, b, c]: readonly [Vector, Vector, Vector],
  cutOff: number,
): { readonly volume: number; readonly inverse: readonly [Vector, Vector, Vector]; readonly reach: Vector } {
  const [bc, ca, ab] = [cross(b, c), cross(c, a), cross(a, b)];
  const volume = dot(a, bc);
  const scale = (vector: Vector): Vector => [vector[0] / volume, vector[1] / volume, vector[2] / volume];
  const inverse = [scale(bc), scale(ca), scale(ab)] as const;
  return { volume, inverse, reach: [cutOff * norm(inverse[0]), cutOff * norm(inverse[1]), cutOff * norm(inverse[2])] };
}

/** First and last image along each lattice vector that may be within reach; a little more, so that rounding loses none. */
function images(between: Vector, inverse: readonly [Vector, Vector, Vector], reach: Vector): readonly [Range, Range, Range] {
  const range = (axis: 0 | 1 | 2): Range => {
    const fraction = dot(between, inverse[axis]);
    return [Math.ceil(-fraction - reach[axis] - 1e-9), Math.floor(-fraction + reach[axis] + 1e-9)];
  };
  return [range(0), range(1), range(2)];
}

type Range = readonly [number, number];

/** r_j - r_i. */
export function difference(r: Float32Array, i: number, j: number): Vector {
  const along = (axis: number): number => (r[3 * j + axis] as number) - (r[3 * i + axis] as number);
  return [along(0), along(1), along(2)];
}

/** Whole lattice vectors summed, without -0. */
export function imageShift([u, v, w]: readonly [Vector, Vector, Vector], [a, b, c]: Vector): Vector {
  return [a * u[0] + b * v[0] + c * w[0] + 0, a * u[1] + b * v[1] + c * w[1] + 0, a * u[2] + b * v[2] + c * w[2] + 0];
}

/** |x + y|^2 */
export function squared(x: Vector, y: Vector): number {
  return (x[0] + y[0]) ** 2 + (x[1] + y[1]) ** 2 + (x[2] + y[2]) ** 2;
}

/** The inner product. */
export function dot(x: Vector, y: Vector): number {
  return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

function cross(x: Vector, y: Vector): Vector {
  return [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
}

function norm(x: Vector): number {
  return Math.sqrt(dot(x, x));
}
