import * as ocl from 'openchemlib';
import { randomStream } from '../../src/random/stream.ts';

/** Steps of a minimisation, at most; most molecules here need two or three hundred. */
const MOST_STEPS = 4_000;

/** Energies of single atoms in Hartree, those of physicsml's tutorial (B3LYP). */
const ATOM_ENERGIES: Readonly<Record<string, number>> = {
  H: -0.6019805629746086,
  C: -38.07749583990695,
  N: -54.75225433326539,
  O: -75.22521603087064,
  F: -99.85134426752529,
};

/** Mean bond enthalpies in kJ/mol, as tables of physical chemistry give them (Atkins, "Physical Chemistry", data section). */
const BOND_ENTHALPIES: Readonly<Record<string, number>> = {
  'C-C': 348,
  'C=C': 612,
  'C#C': 838,
  'C-O': 360,
  'C=O': 743,
  'C-N': 305,
  'C=N': 613,
  'C#N': 890,
  'C-F': 484,
  'C-H': 412,
  'H-N': 388,
  'H-O': 463,
};

/** Kilojoules and kilocalories per mole in a Hartree (CODATA 2018). */
const KJ_PER_HARTREE = 2625.4996;
const KCAL_PER_HARTREE = 627.5095;

/** A molecule with its labels. */
export interface BuiltMolecule {
  readonly smiles: string;
  /** V2000, with the relaxed geometry. */
  readonly molBlock: string;
  /** Atoms less their mean bond enthalpies: what a table gives, without a geometry. Hartree. */
  readonly estimate: number;
  /** The same with the MMFF94 energy of the relaxed geometry (strain, torsions, charges) on top, as force fields make heats of formation. Hartree. */
  readonly energy: number;
}

/**
 * Builds a molecule: a flat drawing with hydrogens, shaken out of the plane, is relaxed by MMFF94. The same SMILES always give the same
 * molecule. Undefined when a constant is missing for a bond or an atom of it, or no minimum is found.
 */
export function buildMolecule(smiles: string): BuiltMolecule | undefined {
  const mol = ocl.Molecule.fromSmiles(smiles);
  mol.inventCoordinates();
  mol.addImplicitHydrogens();
  const { uniform } = randomStream(0, 'examples/molecules', smiles);
  const scale = 1.5 / mol.getAverageBondLength(false); // Angstrom, about a C-C bond
  for (let i = 0; i < mol.getAllAtoms(); i += 1) {
    mol.setAtomX(i, mol.getAtomX(i) * scale);
    mol.setAtomY(i, mol.getAtomY(i) * scale);
    mol.setAtomZ(i, uniform() - 0.5);
  }
  try {
    const field = new ocl.ForceFieldMMFF94(mol, 'MMFF94');
    if (field.minimise({ maxIts: MOST_STEPS }) !== 0) return undefined;
    const estimate = estimateEnergy(mol);
    const energy = estimate + field.getTotalEnergy() / KCAL_PER_HARTREE;
    return Number.isFinite(energy) ? { smiles, molBlock: toMolBlock(mol, smiles), estimate, energy } : undefined;
  } catch {
    return undefined; // openchemlib throws where a force field constant is missing
  }
}

/** NaN where a bond is not in the table. */
function estimateEnergy(mol: ocl.Molecule): number {
  let energy = 0;
  for (let i = 0; i < mol.getAllAtoms(); i += 1) energy += ATOM_ENERGIES[mol.getAtomLabel(i)] ?? Number.NaN;
  for (let i = 0; i < mol.getAllBonds(); i += 1) {
    const [first, second] = [mol.getBondAtom(0, i), mol.getBondAtom(1, i)].map((atom) => mol.getAtomLabel(atom)).sort();
    energy -= (BOND_ENTHALPIES[`${first}${'-=#'[mol.getBondOrder(i) - 1]}${second}`] ?? Number.NaN) / KJ_PER_HARTREE;
  }
  return energy;
}

/** A V2000 block (CTFile Formats): four decimals, so that the last bits of a processor's sine do not show. */
function toMolBlock(mol: ocl.Molecule, title: string): string {
  const atoms = Array.from({ length: mol.getAllAtoms() }, (_, i) => {
    const [x, y, z] = [mol.getAtomX(i), mol.getAtomY(i), mol.getAtomZ(i)].map((value) => value.toFixed(4).padStart(10));
    return `${x}${y}${z} ${mol.getAtomLabel(i).padEnd(3)} 0  0`;
  });
  const bonds = Array.from({ length: mol.getAllBonds() }, (_, i) =>
    [mol.getBondAtom(0, i) + 1, mol.getBondAtom(1, i) + 1, mol.getBondOrder(i), 0].map((value) => String(value).padStart(3)).join(''),
  );
  const counts = `${String(atoms.length).padStart(3)}${String(bonds.length).padStart(3)}  0  0  0  0  0  0  0  0999 V2000`;
  return `${[title, '  ROOTSTK           3D', '', counts, ...atoms, ...bonds, 'M  END'].join('\n')}\n`;
}
