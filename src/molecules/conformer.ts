import type { Atom, Bond, BondOrder, Molecule } from './molecule.ts';
import { type FindPackage, isInstalled } from './packages.ts';
import { moleculeError } from './row-error.ts';

/** Makes one conformer of SMILES: all hydrogens added, MMFF94 minimised. The same seed gives the same coordinates. Errors: MOLECULE_INVALID. */
export type MakeConformer = (smiles: string, seed: number, column: string) => Molecule;

/** Most steps of a minimisation; small molecules need far fewer. */
const MAX_ITERATIONS = 4_000;

const ORDERS: Readonly<Record<number, BondOrder>> = { 1: 'single', 2: 'double', 3: 'triple' };

/** Loads openchemlib; undefined when it is not installed. */
export async function loadConformers(hasPackage: FindPackage = isInstalled): Promise<MakeConformer | undefined> {
  if (!hasPackage('openchemlib')) return undefined;
  const ocl = await import('openchemlib');
  ocl.Resources.registerFromNodejs();
  return (smiles, seed, column) => {
    const fail = (text: string) => moleculeError(column, `SMILES ${JSON.stringify(smiles)} ${text}`);
    // openchemlib closes open parentheses silently; what was cut off would become another molecule.
    if (!hasBalancedParentheses(smiles.trim().split(/\s/u)[0] ?? '')) throw fail('cannot be read: its parentheses do not match');
    const parsed = attempt(() => ocl.Molecule.fromSmiles(smiles));
    if (parsed instanceof Error) throw fail(`cannot be read (openchemlib: ${withoutClassNames(parsed.message)})`);
    if (parsed.getAllAtoms() === 0) throw fail('is a molecule with no atoms');
    // openchemlib takes 0 for "by the clock".
    const conformer = attempt(() => new ocl.ConformerGenerator(seed + 1).getOneConformerAsMolecule(parsed));
    if (conformer === null || conformer instanceof Error) throw fail('has no conformer that openchemlib finds');
    const failed = attempt(() => new ocl.ForceFieldMMFF94(conformer, 'MMFF94').minimise({ maxIts: MAX_ITERATIONS }));
    if (failed instanceof Error) throw fail(`has atoms that MMFF94 does not know (${failed.message})`);
    return toMolecule(conformer);
  };
}

function hasBalancedParentheses(smiles: string): boolean {
  let depth = 0;
  for (const character of smiles) {
    if (character === '(') depth += 1;
    else if (character === ')' && (depth -= 1) < 0) return false;
  }
  return depth === 0;
}

/** openchemlib's messages begin with the names of its classes, one of them minified. */
function withoutClassNames(message: string): string {
  return message.replace(/^(?:Class\S*: )?(?:SmilesParser: )?/u, '');
}

type OclMolecule = import('openchemlib').Molecule;

function toMolecule(mol: OclMolecule): Molecule {
  const atoms = Array.from({ length: mol.getAllAtoms() }, (_, i) => i);
  const bonds = Array.from({ length: mol.getAllBonds() }, (_, i) => i);
  return {
    atoms: atoms.map((i): Atom => ({ number: mol.getAtomicNo(i), formalCharge: mol.getAtomCharge(i), stereo: 'none', isAromatic: false })),
    bonds: bonds.map(
      (i): Bond => ({
        begin: mol.getBondAtom(0, i),
        end: mol.getBondAtom(1, i),
        order: ORDERS[mol.getBondOrder(i)] ?? 'other',
        stereo: 'none',
      }),
    ),
    coordinates: Float64Array.from(atoms.flatMap((i) => [mol.getAtomX(i), mol.getAtomY(i), mol.getAtomZ(i)])),
  };
}

/** The result, or what was thrown as an Error: openchemlib, compiled from Java, throws objects of its own. */
function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
