import { difference, dot, imageShift, measureLattice, type PeriodicPlan, squared, type Vector } from './periodic-neighbours.ts';

/**
 * Counts the edges that `findPeriodicNeighbours` would find, without keeping them. More than `most` are not counted: the number is then a lower
 * bound above `most`, from the volume alone where that says enough. `coordinates`: [n, 3] Angstrom.
 */
export function countPeriodicNeighbours(coordinates: Float32Array, plan: PeriodicPlan, most: number): number {
  const atoms = coordinates.length / 3;
  const lattice = plan.cell as unknown as readonly [Vector, Vector, Vector];
  const atLeast = Math.min(Math.floor(atoms ** 2 * fewestImages(lattice, plan.cutOff)) - atoms, Number.MAX_SAFE_INTEGER);
  if (atLeast > most) return atLeast;
  const lines = layLines(lattice, plan.cutOff);
  // An atom and its own images are the same for every atom; its image in the same place is no edge without self_interaction.
  let edges = atoms * (countImages([0, 0, 0], lines, most) - (plan.selfInteraction ? 0 : 1));
  for (let i = 0; i < atoms && edges <= most; i++) {
    for (let j = i + 1; j < atoms && edges <= most; j++) edges += 2 * countImages(difference(coordinates, i, j), lines, most);
  }
  return edges;
}

/**
 * Images of any atom within `distance` of any place, at least: a ball smaller by the cell's half diagonal is filled by whole cells, each with
 * one image. 0 where the cell is too large for that to say anything.
 */
function fewestImages(lattice: readonly [Vector, Vector, Vector], distance: number): number {
  const { volume } = measureLattice(lattice, distance);
  const halfDiagonal = lattice.reduce((sum, vector) => sum + Math.sqrt(dot(vector, vector)), 0) / 2;
  return ((4 / 3) * Math.PI * Math.max(0, distance - halfDiagonal) ** 3) / Math.abs(volume);
}

type Axis = 0 | 1 | 2;

/** A lattice as lines of images: `along` is the vector with most images within reach, so that there are few lines. */
interface Lines {
  readonly lattice: readonly [Vector, Vector, Vector];
  readonly inverse: readonly [Vector, Vector, Vector];
  readonly reach: Vector;
  readonly distance: number;
  readonly along: Axis;
  readonly across: readonly [Axis, Axis];
}

function layLines(lattice: readonly [Vector, Vector, Vector], distance: number): Lines {
  const { inverse, reach } = measureLattice(lattice, distance);
  const [along, ...across] = ([0, 1, 2] as const).toSorted((x, y) => reach[y] - reach[x]) as [Axis, Axis, Axis];
  return { lattice, inverse, reach, distance, along, across };
}

/** Images within reach of one pair of atoms; stops soon after `most`. */
function countImages(between: Vector, lines: Lines, most: number): number {
  const [first, second] = lines.across;
  let images = 0;
  for (const a of within(between, lines, first)) {
    for (const b of within(between, lines, second)) {
      images += countLine(between, lines, [a, b]);
      if (images > most) return images;
    }
  }
  return images;
}

/** Whole numbers of steps along an axis that may be within reach; a little more, so that rounding loses none. */
function* within(between: Vector, { inverse, reach }: Lines, axis: Axis): Generator<number> {
  const middle = -dot(between, inverse[axis]);
  for (let step = Math.ceil(middle - reach[axis] - 1e-9); step <= middle + reach[axis] + 1e-9; step++) yield step;
}

/** Images of one line that are closer than `distance`: the chord of a ball, its two ends compared as edges are. */
function countLine(between: Vector, { lattice, distance, along, across }: Lines, [a, b]: readonly [number, number]): number {
  const image: [number, number, number] = [0, 0, 0];
  image[across[0]] = a;
  image[across[1]] = b;
  const start = imageShift(lattice, image);
  const vector = lattice[along];
  const from: Vector = [between[0] + start[0], between[1] + start[1], between[2] + start[2]];
  const length = dot(vector, vector);
  const middle = -dot(from, vector) / length;
  const half = Math.sqrt(Math.max(0, middle ** 2 - (dot(from, from) - distance ** 2) / length));
  const isClose = (step: number): boolean => {
    image[along] = step;
    return squared(between, imageShift(lattice, image)) < distance ** 2;
  };
  let [first, last] = [Math.ceil(middle - half) - 1, Math.floor(middle + half) + 1];
  while (first <= last && !isClose(first)) first++;
  while (last > first && !isClose(last)) last--;
  return last - first + 1;
}
