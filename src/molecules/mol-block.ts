import type { ConnectionTable, Reject } from './connection-table.ts';
import { parseV2000 } from './mol-block-v2000.ts';
import { parseV3000 } from './mol-block-v3000.ts';
import type { Bond, BondOrder, Molecule } from './molecule.ts';
import { moleculeError } from './row-error.ts';
import { tetrahedralTags } from './tetrahedral-tags.ts';

/** Characters of the longest mol block that is read. */
const MAX_LENGTH = 16 * 2 ** 20;

/** Whether a text looks like a mol block rather than SMILES: it has several lines. */
export function isMolBlock(text: string): boolean {
  return text.includes('\n');
}

/**
 * Reads one mol block (CTfile V2000 or V3000, "CTFile Formats", BIOVIA 2020): atoms in the order of the block, hydrogens as they are there,
 * formal charges, bonds, coordinates in Angstrom. Text after `M  END` is not read.
 *
 * A tetrahedral tag comes from the parity that the block writes for an atom (1 odd, 2 even); stereo of double bonds is `none`, or `any` where
 * the block says "either". Neither is perceived from coordinates, and nothing is made aromatic: a bond of type 4 is.
 *
 * Errors: MOLECULE_INVALID, with the line: not a mol block, a 2D drawing, an atom that is not an element, a bond to an atom that is not
 * there, a number that is not one.
 */
export function parseMolBlock(text: string, column: string): Molecule {
  if (text.length > MAX_LENGTH) throw moleculeError(column, `a mol block of more than ${MAX_LENGTH} characters`);
  const lines = text.split(/\r?\n/u);
  const reject: Reject = (line, problem) => {
    throw moleculeError(column, `mol block, line ${line}: ${problem}`, { line });
  };
  const counts = lines[3] ?? '';
  const version = /V[23]000/u.exec(counts)?.[0];
  if (version === undefined)
    return reject(4, `expected a counts line ending in V2000 or V3000, received ${JSON.stringify(counts.slice(0, 60))}`);
  if ((lines[1] ?? '').slice(20, 22) === '2D') return reject(2, 'a 2D drawing; the model needs 3D coordinates');
  const table = version === 'V2000' ? parseV2000(lines, reject) : parseV3000(lines, reject);
  const loop = table.bonds.find(({ begin, end }) => begin === end);
  if (loop !== undefined) return reject(4, `a bond from atom ${loop.begin + 1} to itself`);
  return toMolecule(table);
}

const ORDERS: Readonly<Record<number, BondOrder>> = { 1: 'single', 2: 'double', 3: 'triple', 4: 'aromatic' };

function toMolecule({ atoms, bonds, coordinates }: ConnectionTable): Molecule {
  const tags = tetrahedralTags(atoms, bonds);
  const aromatic = new Set(bonds.filter(({ type }) => type === 4).flatMap(({ begin, end }) => [begin, end]));
  return {
    atoms: atoms.map(({ number, formalCharge }, i) => ({ number, formalCharge, stereo: tags[i] ?? 'none', isAromatic: aromatic.has(i) })),
    bonds: bonds.map(
      ({ begin, end, type, isEither }): Bond => ({
        begin,
        end,
        order: ORDERS[type] ?? 'other',
        stereo: type === 2 && isEither ? 'any' : 'none',
      }),
    ),
    coordinates,
  };
}
