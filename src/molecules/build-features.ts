import type { MoleculeFeatures } from '../contracts/graphs.ts';
import { ATOM_FEATURES, type AtomFeature, BOND_FEATURES, type BondFeature } from './feature-tables.ts';
import type { Molecule } from './molecule.ts';
import type { FeaturisationSpec } from './parse-featurisation.ts';
import { findRings } from './rings.ts';
import { moleculeError } from './row-error.ts';

/**
 * The features of one molecule: classes of atoms, coordinates and, where the featurisation asks for them, atom features [n][F], bond pairs
 * [m][2] with features [m][F] sorted by pair, and the sum of the atomic energies. Lists of feature names are in alphabetical order.
 *
 * Errors: MOLECULE_INVALID, naming the column: no atoms; an atomic number outside the mapping or without an energy; a feature whose value
 * has no code (such as a dative bond).
 */
export function buildFeatures(spec: FeaturisationSpec, molecule: Molecule, column: string): MoleculeFeatures {
  if (molecule.atoms.length === 0) throw moleculeError(column, 'a molecule with no atoms');
  const bonds = sortedBonds(molecule, spec, column);
  return {
    atomNumbers: Int32Array.from(molecule.atoms, ({ number }) => atomClass(spec, number, column)),
    coordinates: molecule.coordinates,
    atomFeatures: spec.atomFeatures === null ? null : atomFeatures(spec, molecule, column),
    bondIdxs: bonds?.map(({ pair }) => pair) ?? null,
    bondFeatures: bonds?.map(({ features }) => features) ?? null,
    totalAtomicEnergy: spec.atomicEnergies === null ? null : totalAtomicEnergy(spec.atomicEnergies, molecule, column),
  };
}

function atomClass(spec: FeaturisationSpec, number: number, column: string): number {
  const found = spec.mapping === null ? (number >= 1 ? number - 1 : undefined) : spec.mapping.get(number);
  if (found !== undefined) return found;
  const known = [...(spec.mapping?.keys() ?? [])].join(', ');
  throw moleculeError(column, `atomic number ${number} is not in atomic_number_mapping (${known})`, { atomicNumber: number });
}

/** In the order of the atoms, as the original adds them up: float64 sums depend on the order. */
function totalAtomicEnergy(energies: NonNullable<FeaturisationSpec['atomicEnergies']>, molecule: Molecule, column: string): number {
  let total = 0;
  for (const { number, formalCharge } of molecule.atoms) {
    const energy = energies.get(number);
    const value = typeof energy === 'object' ? energy.get(formalCharge) : energy;
    if (value === undefined) {
      const charged = typeof energy === 'object' ? ` at formal charge ${formalCharge}` : '';
      throw moleculeError(column, `atomic_energies has no energy for atomic number ${number}${charged}`, {
        atomicNumber: number,
        formalCharge,
      });
    }
    total += value;
  }
  return total;
}

function atomFeatures(spec: FeaturisationSpec, molecule: Molecule, column: string): number[][] {
  const rings = findRings(molecule.atoms.length, molecule.bonds);
  const degrees = new Int32Array(molecule.atoms.length);
  for (const { begin, end } of molecule.bonds) {
    degrees[begin] = (degrees[begin] as number) + 1;
    degrees[end] = (degrees[end] as number) + 1;
  }
  return molecule.atoms.map((atom, i) => {
    const values: Record<AtomFeature, number | string | boolean> = {
      atomic_num: atom.number,
      formal_charge: atom.formalCharge,
      degree: degrees[i] as number,
      stereo: atom.stereo,
      is_in_ring: rings.atoms[i] === 1,
      is_aromatic: atom.isAromatic,
    };
    return (spec.atomFeatures as readonly AtomFeature[]).flatMap((name) =>
      encode(ATOM_FEATURES[name], values[name], spec.oneHot, `${column}: atom ${i}: ${name}`),
    );
  });
}

function sortedBonds(molecule: Molecule, spec: FeaturisationSpec, column: string) {
  if (spec.bondFeatures === null) return null;
  const rings = findRings(molecule.atoms.length, molecule.bonds);
  const bonds = molecule.bonds.map(({ begin, end, order, stereo }, i) => {
    const values: Record<BondFeature, string | boolean> = { order, stereo, is_in_ring: rings.bonds[i] === 1 };
    const features = (spec.bondFeatures as readonly BondFeature[]).flatMap((name) =>
      encode(BOND_FEATURES[name], values[name], spec.oneHot, `${column}: bond ${begin}-${end}: ${name}`),
    );
    return { pair: [begin, end] as const, features };
  });
  return bonds.sort((a, b) => a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1]);
}

/** One-hot, or the code itself. `place` is what an error begins with. */
function encode(
  values: readonly (number | string | boolean)[],
  value: number | string | boolean,
  oneHot: boolean,
  place: string,
): number[] {
  const code = values.indexOf(value);
  if (code < 0) {
    const [column, ...rest] = place.split(': ');
    throw moleculeError(column as string, `${rest.join(': ')} is ${String(value)}, expected one of ${values.join(', ')}`);
  }
  return oneHot ? values.map((_, i) => (i === code ? 1 : 0)) : [code];
}
