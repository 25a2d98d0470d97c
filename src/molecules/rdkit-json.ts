import type { Atom, Bond, BondOrder, BondStereo, Molecule } from './molecule.ts';

/** RDKit's JSON ("commonchem" with its own extension), as far as it is read. Absent values are in `defaults`. */
export interface RdkitDocument {
  readonly defaults: { readonly atom: JsonAtom; readonly bond: JsonBond };
  readonly molecules: readonly JsonMolecule[];
}
interface JsonAtom {
  readonly z?: number;
  readonly chg?: number;
  readonly stereo?: string;
}
interface JsonBond {
  readonly atoms?: readonly [number, number];
  readonly bo?: number;
  readonly stereo?: string;
  /** The two neighbours, one at each end, that cis and trans speak of. */
  readonly stereoAtoms?: readonly [number, number];
}
interface JsonMolecule {
  readonly atoms: readonly JsonAtom[];
  readonly bonds?: readonly JsonBond[];
  readonly conformers?: readonly { readonly dim: number; readonly coords: readonly (readonly number[])[] }[];
  readonly extensions?: readonly {
    readonly aromaticAtoms?: readonly number[];
    readonly aromaticBonds?: readonly number[];
    /** [n] Cahn-Ingold-Prelog ranks; the higher one has priority. */
    readonly cipRanks?: readonly number[];
  }[];
}

const ORDERS: Readonly<Record<number, BondOrder>> = { 1: 'single', 2: 'double', 3: 'triple' };

/** Turns RDKit's JSON of one molecule into atoms, bonds and the coordinates of its first conformer of three dimensions, if there is one. */
export function toMolecule(document: RdkitDocument): Molecule {
  const { atom: atomDefault, bond: bondDefault } = document.defaults;
  const molecule = document.molecules[0] as JsonMolecule;
  const extension = Object.assign({}, ...(molecule.extensions ?? [])) as NonNullable<JsonMolecule['extensions']>[number];
  const aromaticAtoms = new Set(extension.aromaticAtoms);
  const aromaticBonds = new Set(extension.aromaticBonds);
  const bonds = (molecule.bonds ?? []).map((bond) => ({ ...bondDefault, ...bond }));
  const neighbours = neighboursOf(molecule.atoms.length, bonds);
  const conformer = molecule.conformers?.find(({ dim }) => dim === 3);
  return {
    atoms: molecule.atoms.map((atom, i): Atom => {
      const { z = 0, chg = 0, stereo } = { ...atomDefault, ...atom };
      return {
        number: z,
        formalCharge: chg,
        stereo: stereo === 'cw' || stereo === 'ccw' ? stereo : 'none',
        isAromatic: aromaticAtoms.has(i),
      };
    }),
    bonds: bonds.map((bond, i): Bond => {
      const [begin, end] = bond.atoms as readonly [number, number];
      const order = aromaticBonds.has(i) ? 'aromatic' : (ORDERS[bond.bo ?? 1] ?? 'other');
      return { begin, end, order, stereo: bondStereo(bond, neighbours, extension.cipRanks) };
    }),
    coordinates: Float64Array.from(conformer?.coords.flat() ?? []),
  };
}

/**
 * The JSON speaks of cis and trans of two named neighbours; RDKit in Python says Z and E, cis and trans of those with priority. Each named
 * neighbour that is not the one with priority at its end turns one into the other. Binaries carry no ranks: there the named ones are those
 * that RDKit in Python gave priority.
 */
function bondStereo(bond: JsonBond, neighbours: readonly (readonly number[])[], ranks: readonly number[] | undefined): BondStereo {
  if (bond.stereo === 'either') return 'any';
  if (bond.stereo !== 'cis' && bond.stereo !== 'trans') return 'none';
  const { atoms, stereoAtoms } = bond;
  let isTrans = bond.stereo === 'trans';
  if (atoms === undefined || stereoAtoms === undefined || ranks === undefined) return isTrans ? 'e' : 'z';
  for (const side of [0, 1] as const) {
    const others = (neighbours[atoms[side]] ?? []).filter((atom) => atom !== atoms[1 - side]);
    const first = others.reduce((best, atom) => ((ranks[atom] ?? 0) > (ranks[best] ?? 0) ? atom : best), stereoAtoms[side]);
    if (first !== stereoAtoms[side]) isTrans = !isTrans;
  }
  return isTrans ? 'e' : 'z';
}

function neighboursOf(atomCount: number, bonds: readonly JsonBond[]): number[][] {
  const neighbours: number[][] = Array.from({ length: atomCount }, () => []);
  for (const { atoms } of bonds) {
    if (atoms === undefined) continue;
    neighbours[atoms[0]]?.push(atoms[1]);
    neighbours[atoms[1]]?.push(atoms[0]);
  }
  return neighbours;
}
