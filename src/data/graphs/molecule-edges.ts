import type { NeighbourPlan } from '../../contracts/graphs.ts';
import { RootstockError } from '../../errors.ts';
import type { GraphDataset } from '../dataset.ts';
import { findNeighbours, type NeighbourList } from './neighbours.ts';
import { findPeriodicNeighbours } from './periodic-neighbours.ts';

/** Edges of one molecule, and where its bonds are among them. E edges, M bonds. */
export interface MoleculeEdges {
  readonly count: number;
  /** [E] atoms of the molecule, counted from 0. */
  readonly first: Uint16Array | Uint32Array;
  readonly second: Uint16Array | Uint32Array;
  /** [E, 3] Angstrom; null without a cell. */
  readonly shifts: Float32Array | null;
  /** [M, 2] the edges of each bond, one per direction; null when the dataset has no bond features. */
  readonly bondEdges: Uint32Array | null;
}

/** Edges kept per dataset; beyond it they are found again for each batch. QM9 (134,000 molecules, 5 Angstrom) takes some 150 MiB. */
const MOST_CACHED_BYTES = 256 * 1024 * 1024;

/**
 * Gives the edges of molecules, each found once as long as memory allows: the second epoch only looks them up. A dataset remembers the
 * edges of one neighbour plan, the one asked for last.
 */
export function edgesOf(dataset: GraphDataset, neighbours: NeighbourPlan): (row: number) => MoleculeEdges {
  const key = JSON.stringify(neighbours);
  const known = CACHES.get(dataset);
  const cache = known?.key === key ? known : { key, molecules: new Map<number, MoleculeEdges>(), bytes: 0 };
  if (cache !== known) CACHES.set(dataset, cache);
  return (row) => {
    const cached = cache.molecules.get(row);
    if (cached !== undefined) return cached;
    const found = findEdges(dataset, row, neighbours);
    const bytes = byteLength(found);
    if (cache.bytes + bytes <= MOST_CACHED_BYTES) {
      cache.molecules.set(row, found);
      cache.bytes += bytes;
    }
    return found;
  };
}

interface EdgeCache {
  readonly key: string;
  readonly molecules: Map<number, MoleculeEdges>;
  bytes: number;
}

const CACHES = new WeakMap<GraphDataset, EdgeCache>();

/** Objects and buffers of one molecule beside the numbers themselves, about. */
const OVERHEAD_BYTES = 400;

function byteLength({ first, second, shifts, bondEdges }: MoleculeEdges): number {
  return OVERHEAD_BYTES + first.byteLength + second.byteLength + (shifts?.byteLength ?? 0) + (bondEdges?.byteLength ?? 0);
}

/** Finds the edges of one molecule. MOLECULE_INVALID when a bond is no edge. */
function findEdges(dataset: GraphDataset, row: number, neighbours: NeighbourPlan): MoleculeEdges {
  const [start, end] = [dataset.nodeOffsets[row] as number, dataset.nodeOffsets[row + 1] as number];
  const found = listNeighbours(dataset.coordinates.subarray(3 * start, 3 * end), neighbours);
  const Indices = end - start <= 65_536 ? Uint16Array : Uint32Array;
  return {
    count: found.first.length,
    // Not from(), which goes through an iterator.
    first: new Indices(found.first),
    second: new Indices(found.second),
    shifts: found.shifts === null ? null : new Float32Array(found.shifts),
    bondEdges: findBondEdges(dataset, row, { found, neighbours }),
  };
}

function listNeighbours(coordinates: Float32Array, neighbours: NeighbourPlan): NeighbourList {
  const { cell } = neighbours;
  return cell === null ? findNeighbours(coordinates, neighbours) : findPeriodicNeighbours(coordinates, { ...neighbours, cell });
}

interface FoundEdges {
  readonly found: NeighbourList;
  readonly neighbours: NeighbourPlan;
}

function findBondEdges(dataset: GraphDataset, row: number, { found, neighbours }: FoundEdges): Uint32Array | null {
  const { bonds } = dataset;
  if (bonds === null) return null;
  const edges = indexEdges(found);
  const [start, end] = [bonds.offsets[row] as number, bonds.offsets[row + 1] as number];
  const bondEdges = new Uint32Array((end - start) * 2);
  for (let bond = start; bond < end; bond++) {
    const [i, j] = [bonds.pairs[2 * bond] as number, bonds.pairs[2 * bond + 1] as number];
    const [there, back] = [edges.get(pairKey(i, j)), edges.get(pairKey(j, i))];
    if (there === undefined || back === undefined) throw bondOutside(dataset.rowId(row), [i, j], neighbours);
    if (there.images > 1) throw bondAmbiguous(dataset.rowId(row), [i, j], { images: there.images, neighbours });
    bondEdges.set([there.edge, back.edge], (bond - start) * 2);
  }
  return bondEdges;
}

/** The first edge of each pair of atoms, and how many there are: images in a periodic cell. */
function indexEdges({ first, second }: NeighbourList): ReadonlyMap<number, { readonly edge: number; readonly images: number }> {
  const edges = new Map<number, { readonly edge: number; readonly images: number }>();
  for (let edge = 0; edge < first.length; edge++) {
    const key = pairKey(first[edge] as number, second[edge] as number);
    const known = edges.get(key);
    edges.set(key, { edge: known?.edge ?? edge, images: (known?.images ?? 0) + 1 });
  }
  return edges;
}

/** Atoms are fewer than 2^26 in any molecule that fits in memory, so that a pair is an exact number. */
function pairKey(i: number, j: number): number {
  return i * 2 ** 26 + j;
}

function bondOutside(id: string, [i, j]: readonly [number, number], { cutOff }: NeighbourPlan): RootstockError {
  return new RootstockError(
    'MOLECULE_INVALID',
    `Molecule "${id}": the bond of atoms ${i} and ${j} is no edge, because they are further apart than cut_off (${cutOff} Angstrom) or the same atom.\nFix: raise datamodule.cut_off to more than the longest bond, or leave the bond out.`,
    { row: id, atoms: [i, j], cutOff },
  );
}

function bondAmbiguous(
  id: string,
  [i, j]: readonly [number, number],
  { images, neighbours }: { readonly images: number; readonly neighbours: NeighbourPlan },
): RootstockError {
  return new RootstockError(
    'MOLECULE_INVALID',
    `Molecule "${id}": the bond of atoms ${i} and ${j} fits ${images} images within cut_off (${neighbours.cutOff} Angstrom), so it cannot be told whose features it has.\nFix: lower datamodule.cut_off below half of the cell, or leave the features of bonds out.`,
    { row: id, atoms: [i, j], images },
  );
}
