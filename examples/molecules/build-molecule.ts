import * as ocl from 'openchemlib';
import { randomStream } from '../../src/random/stream.ts';

/** Steps of the rough geometry, and at most of the relaxed one. */
const ROUGH_STEPS = 120;
const MOST_STEPS = 4_000;

/** Electronvolts in a kilocalorie per mole (CODATA 2018). */
const EV_PER_KCAL = 0.0433641;

/** A molecule with its labels. */
export interface BuiltMolecule {
  readonly smiles: string;
  /** V2000, with the rough geometry. */
  readonly molBlock: string;
  /** MMFF94 energy of the rough geometry: cheap. eV. */
  readonly roughEnergy: number;
  /** MMFF94 energy after relaxing that geometry to the end: what is wanted. eV. */
  readonly relaxedEnergy: number;
}

/**
 * Builds a molecule: a flat drawing with hydrogens, shaken out of the plane, goes through 120 steps of MMFF94 minimisation (the rough
 * geometry, which is what a model sees) and then to the minimum. The same SMILES always give the same molecule. Undefined when MMFF94 does
 * not know an atom of it or finds no minimum.
 */
export function buildMolecule(smiles: string): BuiltMolecule | undefined {
  const mol = ocl.Molecule.fromSmiles(smiles);
  mol.inventCoordinates();
  mol.addImplicitHydrogens();
  const { uniform } = randomStream(0, 'examples/molecules', smiles);
  const scale = 1.5 / mol.getAverageBondLength(); // Angstrom, about a C-C bond
  for (let i = 0; i < mol.getAllAtoms(); i += 1) {
    mol.setAtomX(i, mol.getAtomX(i) * scale);
    mol.setAtomY(i, mol.getAtomY(i) * scale);
    mol.setAtomZ(i, uniform() - 0.5);
  }
  try {
    const field = new ocl.ForceFieldMMFF94(mol, 'MMFF94');
    field.minimise({ maxIts: ROUGH_STEPS });
    const rough = field.getTotalEnergy();
    const molBlock = toMolBlock(mol, smiles);
    if (field.minimise({ maxIts: MOST_STEPS }) !== 0) return undefined;
    const relaxed = field.getTotalEnergy();
    return { smiles, molBlock, roughEnergy: rough * EV_PER_KCAL, relaxedEnergy: relaxed * EV_PER_KCAL };
  } catch {
    return undefined; // openchemlib throws where a force field constant is missing
  }
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
