import type { BondOrder, BondStereo } from './molecule.ts';

/**
 * Values of each atom feature in the order of its one-hot code. Facts of physicsml 0.6.0's rdkit backend: which values a feature can have and
 * in which order. What that backend lists but RDKit cannot compute (is_chiral) is left out.
 */
export const ATOM_FEATURES = {
  atomic_num: range(1, 119),
  formal_charge: range(-5, 6),
  degree: range(0, 10),
  stereo: ['none', 'cw', 'ccw'],
  is_in_ring: [false, true],
  is_aromatic: [false, true],
} as const;

const ORDERS: readonly BondOrder[] = ['single', 'double', 'triple', 'aromatic'];
const STEREO: readonly BondStereo[] = ['cis', 'trans', 'z', 'e', 'any', 'none'];

/** The same for bonds; is_chiral and is_rotatable exist in that backend's table only. */
export const BOND_FEATURES = { order: ORDERS, stereo: STEREO, is_in_ring: [false, true] } as const;

export type AtomFeature = keyof typeof ATOM_FEATURES;
export type BondFeature = keyof typeof BOND_FEATURES;

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
