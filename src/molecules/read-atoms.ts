import type { Molecule } from './molecule.ts';
import { moleculeError } from './row-error.ts';

/** A cell of a table: its column and what it holds. */
export interface Cell {
  readonly column: string;
  readonly value: unknown;
}

/** A molecule without bonds from a list of atomic numbers [n] and coordinates [n][3] in Angstrom. Errors: MOLECULE_INVALID, naming the column. */
export function readAtoms(numbers: Cell, coordinates: Cell): Molecule {
  const atoms = asList(numbers).map((value, i) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 118) {
      return { number, formalCharge: 0, stereo: 'none', isAromatic: false } as const;
    }
    throw moleculeError(numbers.column, `entry ${i}: expected an atomic number, received ${String(value)}`);
  });
  return { atoms, bonds: [], coordinates: readCoordinates(coordinates, atoms.length) };
}

/** [n * 3] from a nested list [n][3]. Errors: MOLECULE_INVALID for another shape or count, and for what is not a finite number. */
export function readCoordinates(cell: Cell, atomCount: number): Float64Array {
  const rows = asList(cell);
  if (rows.length !== atomCount) throw moleculeError(cell.column, `expected ${atomCount} points, one per atom, received ${rows.length}`);
  const flat = new Float64Array(atomCount * 3);
  for (const [i, value] of rows.entries()) {
    const point = isList(value) ? Array.from(value) : [];
    if (point.length !== 3)
      throw moleculeError(
        cell.column,
        `atom ${i}: expected [x, y, z], received ${isList(value) ? `${point.length} values` : String(value)}`,
      );
    for (const [k, part] of point.entries()) {
      const number = typeof part === 'bigint' ? Number(part) : part;
      if (typeof number !== 'number' || !Number.isFinite(number))
        throw moleculeError(cell.column, `atom ${i}: expected finite numbers, received ${String(part)}`);
      flat[i * 3 + k] = number;
    }
  }
  return flat;
}

function asList({ column, value }: Cell): readonly unknown[] {
  if (isList(value)) return Array.from(value);
  throw moleculeError(column, `expected a list, received ${value === undefined || value === null ? 'nothing' : typeof value}`);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
