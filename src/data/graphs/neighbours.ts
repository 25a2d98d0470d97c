import type { NeighbourPlan } from '../../contracts/graphs.ts';

/** Directed edges of one molecule or crystal, sorted by `first`, then `second`, then image. Atoms are counted from 0. E edges. */
export interface NeighbourList {
  /** [E] */
  readonly first: ArrayLike<number>;
  /** [E] */
  readonly second: ArrayLike<number>;
  /** [E, 3] what to add to r_second - r_first, in Angstrom; null without a cell. */
  readonly shifts: ArrayLike<number> | null;
}

/** From this many atoms on, bins are faster than looking at every pair (measured: from 1,200 on at 5 Angstrom and 0.1 atoms per cubic Angstrom). */
export const CELL_LIST_FROM_ATOMS = 1200;

/** Bins are this much wider than cut_off, so that no rounding of a float32 distance reaches beyond the next bin. */
export const BIN_MARGIN = 1 + 1e-5;

/** More bins per axis gain nothing and could overflow a bin's number: atoms far apart get wider bins. */
const MOST_BINS = 1024;

/**
 * Finds the edges of atoms without a periodic cell: pairs with ((r_j - r_i)^2).sum() <= cut_off^2, every operation rounded to float32, as
 * physicsml's compute_neighborlist_n2_no_cell does. `coordinates`: [n, 3] Angstrom.
 */
export function findNeighbours(coordinates: Float32Array, plan: Pick<NeighbourPlan, 'cutOff' | 'selfInteraction'>): NeighbourList {
  return coordinates.length / 3 < CELL_LIST_FROM_ATOMS ? allPairs(coordinates, plan) : binnedPairs(coordinates, plan);
}

/** `findNeighbours` by looking at every pair. */
export function allPairs(coordinates: Float32Array, plan: Pick<NeighbourPlan, 'cutOff' | 'selfInteraction'>): NeighbourList {
  const atoms = coordinates.length / 3;
  const limit = squaredLimit(plan.cutOff);
  const first: number[] = [];
  const second: number[] = [];
  for (let i = 0; i < atoms; i++) {
    for (let j = 0; j < atoms; j++) {
      if (i === j ? !plan.selfInteraction : squaredDistance(coordinates, i, j) > limit) continue;
      first.push(i);
      second.push(j);
    }
  }
  return { first, second, shifts: null };
}

/** `findNeighbours` by sorting atoms into bins of cut_off's width and looking at the 27 around each atom. */
export function binnedPairs(coordinates: Float32Array, plan: Pick<NeighbourPlan, 'cutOff' | 'selfInteraction'>): NeighbourList {
  const limit = squaredLimit(plan.cutOff);
  const near: number[][] = [];
  for (const { members, candidates } of binsWithSurroundings(coordinates, plan.cutOff * BIN_MARGIN)) {
    for (const i of members) {
      near[i] = candidates.filter((j) => (i === j ? plan.selfInteraction : squaredDistance(coordinates, i, j) <= limit));
    }
  }
  const first = near.flatMap((found, i) => found.map(() => i));
  return { first, second: near.flat(), shifts: null };
}

/** cut_off^2 as torch compares it with a float32 tensor: squared in double precision, then rounded. */
export function squaredLimit(cutOff: number): number {
  return Math.fround(cutOff * cutOff);
}

/** |r_j - r_i|^2, every operation rounded to float32. */
export function squaredDistance(r: Float32Array, i: number, j: number): number {
  const x = Math.fround((r[3 * j] as number) - (r[3 * i] as number));
  const y = Math.fround((r[3 * j + 1] as number) - (r[3 * i + 1] as number));
  const z = Math.fround((r[3 * j + 2] as number) - (r[3 * i + 2] as number));
  return Math.fround(Math.fround(Math.fround(x * x) + Math.fround(y * y)) + Math.fround(z * z));
}

/** The atoms of a bin, and those of it and the 26 around it; both ascending. */
export interface Bin {
  readonly members: readonly number[];
  readonly candidates: readonly number[];
}

/** Sorts atoms into bins. They are numbered from 1 in each direction, so that a neighbour below the first one has a number too. */
export function binsWithSurroundings(coordinates: Float32Array, width: number): readonly Bin[] {
  const low = [0, 1, 2].map((axis) => extreme(coordinates, axis, Math.min));
  const high = [0, 1, 2].map((axis) => extreme(coordinates, axis, Math.max));
  const widths = low.map((from, axis) => Math.max(width, ((high[axis] as number) - from) / MOST_BINS));
  const bins = new Map<number, number[]>();
  for (let atom = 0; atom < coordinates.length / 3; atom++) {
    const bin = [0, 1, 2].reduce((number, axis) => {
      const place = Math.floor(((coordinates[3 * atom + axis] as number) - (low[axis] as number)) / (widths[axis] as number));
      return number * STRIDE + place + 1;
    }, 0);
    const members = bins.get(bin);
    if (members === undefined) bins.set(bin, [atom]);
    else members.push(atom);
  }
  return [...bins].map(([bin, members]) => ({
    members,
    candidates: around(bin)
      .flatMap((other) => bins.get(other) ?? [])
      .sort((a, b) => a - b),
  }));
}

const STRIDE = MOST_BINS + 3;

function around(bin: number): readonly number[] {
  const steps = [-1, 0, 1];
  return steps.flatMap((x) => steps.flatMap((y) => steps.map((z) => bin + (x * STRIDE + y) * STRIDE + z)));
}

function extreme(coordinates: Float32Array, axis: number, pick: (a: number, b: number) => number): number {
  let found = coordinates[axis] as number;
  for (let at = axis; at < coordinates.length; at += 3) found = pick(found, coordinates[at] as number);
  return found;
}
