import { RootstockError } from '../errors.ts';
import { loadConformers, type MakeConformer } from './conformer.ts';
import { isMolBlock, parseMolBlock } from './mol-block.ts';
import type { Molecule } from './molecule.ts';
import { type FindPackage, packageMissing } from './packages.ts';
import type { FeaturisationSpec } from './parse-featurisation.ts';
import { loadRdkit, type Rdkit } from './rdkit.ts';
import { readAtoms, readCoordinates } from './read-atoms.ts';
import { moleculeError } from './row-error.ts';

/** Where molecules come from: the columns and how a row of them is read. */
export interface MoleculeInput {
  /** The first one is named in errors. */
  readonly columns: readonly string[];
  readonly read: (row: Readonly<Record<string, unknown>>) => Molecule;
}

/** How a featuriser is created. */
export interface FeaturiserOptions {
  /** A column with molecules to read where the data has none of those that the metadata names, such as the mol blocks of an SD file. */
  readonly otherColumn?: string;
  /** Whether an optional package is installed; absent: whether Node finds it. */
  readonly hasPackage?: FindPackage;
}

/** Chooses by the columns that the data has; see createFeaturiser. Errors: COLUMN_NOT_FOUND, NOT_AVAILABLE. */
export async function chooseInput(
  spec: FeaturisationSpec,
  columns: readonly string[],
  { otherColumn, hasPackage }: FeaturiserOptions = {},
): Promise<MoleculeInput> {
  const { column, atomicNumbersColumn, coordinatesColumn } = spec;
  const has = (name: string): boolean => columns.includes(name);
  if (has(column)) return moleculeInput(spec, has(coordinatesColumn), hasPackage);
  if (has(atomicNumbersColumn) && has(coordinatesColumn)) return atomsInput(spec);
  if (otherColumn !== undefined && has(otherColumn))
    return moleculeInput({ ...spec, column: otherColumn }, has(coordinatesColumn), hasPackage);
  throw new RootstockError(
    'COLUMN_NOT_FOUND',
    `The featurisation reads column "${column}", or "${atomicNumbersColumn}" with "${coordinatesColumn}"; the data has neither.\n` +
      `Columns of the data: ${columns.slice(0, 20).join(', ')}\nFix: name the column with the molecules in featurisation.config[0].column.`,
    { column, columns },
  );
}

function atomsInput(spec: FeaturisationSpec): MoleculeInput {
  const { atomicNumbersColumn, coordinatesColumn } = spec;
  if (spec.atomFeatures !== null || spec.bondFeatures !== null) {
    throw new RootstockError(
      'NOT_AVAILABLE',
      `Not available: atom_features and bond_features from "${atomicNumbersColumn}" and "${coordinatesColumn}", which say nothing about bonds.\n` +
        `Fix: give mol blocks in column "${spec.column}", or leave the features out.`,
      { column: spec.column },
    );
  }
  return {
    columns: [atomicNumbersColumn, coordinatesColumn],
    read: (row) =>
      readAtoms(
        { column: atomicNumbersColumn, value: row[atomicNumbersColumn] },
        { column: coordinatesColumn, value: row[coordinatesColumn] },
      ),
  };
}

async function moleculeInput(spec: FeaturisationSpec, hasCoordinates: boolean, hasPackage?: FindPackage): Promise<MoleculeInput> {
  const { column, coordinatesColumn } = spec;
  const rdkit = await loadRdkit(hasPackage);
  const makeConformer = hasCoordinates ? undefined : await loadConformers(hasPackage);
  return {
    columns: hasCoordinates ? [column, coordinatesColumn] : [column],
    read: (row) => {
      const value = row[column];
      if (value instanceof Uint8Array) return fromBinary(value, rdkit, column);
      if (typeof value !== 'string') {
        const received = value === null || value === undefined ? 'nothing' : typeof value;
        throw moleculeError(column, `expected a mol block, SMILES or an RDKit molecule, received ${received}`);
      }
      if (isMolBlock(value)) return parseMolBlock(value, column);
      return hasCoordinates ? withCoordinates(spec, value, row[coordinatesColumn], rdkit) : withConformer(spec, value, makeConformer);
    },
  };
}

function fromBinary(bytes: Uint8Array, rdkit: Rdkit | undefined, column: string): Molecule {
  if (rdkit === undefined) throw packageMissing('@rdkit/rdkit', column);
  const molecule = rdkit.fromBinary(bytes, column);
  if (molecule.coordinates.length === molecule.atoms.length * 3) return molecule;
  throw moleculeError(column, 'an RDKit molecule without 3D coordinates');
}

function withCoordinates(spec: FeaturisationSpec, smiles: string, value: unknown, rdkit: Rdkit | undefined): Molecule {
  const { column, coordinatesColumn, withHydrogens } = spec;
  if (rdkit === undefined) throw packageMissing('@rdkit/rdkit', column);
  const molecule = rdkit.fromSmiles(smiles, withHydrogens, column);
  const points = Array.isArray(value) ? value.length : undefined;
  const written = rdkit.fromSmiles(smiles, false, column).atoms.length;
  if (withHydrogens && points === written && points !== molecule.atoms.length) {
    const text = `has ${points} points, one per atom that ${JSON.stringify(smiles)} writes; with its hydrogens it has ${molecule.atoms.length}. Fix: with_hydrogens: false`;
    throw moleculeError(coordinatesColumn, text);
  }
  return { ...molecule, coordinates: readCoordinates({ column: coordinatesColumn, value }, molecule.atoms.length) };
}

/** Atom and bond features that openchemlib's molecules have; its aromaticity and stereo are not RDKit's. */
const CONFORMER_FEATURES = ['atomic_num', 'formal_charge', 'degree', 'is_in_ring'];

function withConformer(spec: FeaturisationSpec, smiles: string, makeConformer: MakeConformer | undefined): Molecule {
  const { column } = spec;
  const other = [...(spec.atomFeatures ?? []), ...(spec.bondFeatures ?? [])].filter((name) => !CONFORMER_FEATURES.includes(name));
  if (other.length > 0 || !spec.withHydrogens) {
    const what = other.length > 0 ? `features ${other.join(', ')}` : 'with_hydrogens: false';
    throw moleculeError(column, `SMILES without coordinates cannot have ${what}; give a column "${spec.coordinatesColumn}", or mol blocks`);
  }
  if (makeConformer === undefined) throw packageMissing('openchemlib', column);
  return makeConformer(smiles, spec.conformerSeed, column);
}
