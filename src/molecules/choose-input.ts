import { RootstockError } from '../errors.ts';
import type { Molecule } from './molecule.ts';
import type { FeaturisationSpec } from './parse-featurisation.ts';
import { readAtoms } from './read-atoms.ts';

/** Where molecules come from: the columns and how a row of them is read. */
export interface MoleculeInput {
  /** The first one is named in errors. */
  readonly columns: readonly string[];
  readonly read: (row: Readonly<Record<string, unknown>>) => Molecule;
}

/** Chooses by the columns that the data has; see createFeaturiser. Errors: COLUMN_NOT_FOUND, NOT_AVAILABLE. */
export async function chooseInput(spec: FeaturisationSpec, columns: readonly string[]): Promise<MoleculeInput> {
  const { atomicNumbersColumn, coordinatesColumn } = spec;
  const has = (name: string): boolean => columns.includes(name);
  if (has(atomicNumbersColumn) && has(coordinatesColumn)) return atomsInput(spec);
  throw new RootstockError(
    'COLUMN_NOT_FOUND',
    `The featurisation reads "${spec.column}", or "${atomicNumbersColumn}" with "${coordinatesColumn}"; the data has none of them.\nFix: name the column with the molecules.`,
    { column: spec.column },
  );
}

function atomsInput(spec: FeaturisationSpec): MoleculeInput {
  const { atomicNumbersColumn, coordinatesColumn } = spec;
  return {
    columns: [atomicNumbersColumn, coordinatesColumn],
    read: (row) =>
      readAtoms(
        { column: atomicNumbersColumn, value: row[atomicNumbersColumn] },
        { column: coordinatesColumn, value: row[coordinatesColumn] },
      ),
  };
}
