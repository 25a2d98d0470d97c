import type { MoleculeFeatures } from '../contracts/graphs.ts';
import { buildFeatures } from './build-features.ts';
import { chooseInput, type FeaturiserOptions } from './choose-input.ts';
import { type FeaturisationSpec, parseFeaturisation } from './parse-featurisation.ts';

/** Which member of MoleculeFeatures a column that the featuriser provides holds. */
export type FeatureField = keyof MoleculeFeatures;

/** Makes the features of one molecule from one row of a table, as physicsml's `physicsml_features` does. */
export interface Featuriser {
  /** Columns it reads; a row needs nothing else. */
  readonly inputs: readonly string[];
  /** Columns it provides, sorted: such as physicsml_atom_idxs, physicsml_atom_numbers and physicsml_coordinates. They need not be in the file. */
  readonly outputs: readonly string[];
  /** The column that the metadata names, where `otherColumn` is read instead of it; null otherwise. */
  readonly insteadOf: string | null;
  /** Provided column -> what it holds. physicsml_atom_idxs is not here: it is always 0 .. n - 1. */
  readonly fields: Readonly<Record<string, FeatureField>>;
  /**
   * The features of one row. Errors: MOLECULE_INVALID when the row is not a molecule that can be featurised, PACKAGE_MISSING when its kind
   * needs an optional package that is not installed. The message is one line, `column: what is wrong`, and names no row: the caller knows it.
   */
  readonly featurise: (row: Readonly<Record<string, unknown>>) => MoleculeFeatures;
}

/**
 * Creates a featuriser from the content of a featurisation_metadata.json: the object, or its "config" list alone.
 *
 * What is read depends on `columns`, those that the data has:
 *
 * 1. the column that the metadata names, when it is there: text is a mol block (V2000, V3000) or else SMILES; bytes are an RDKit molecule.
 *    SMILES take their coordinates from `coordinates` when that column is there, otherwise from openchemlib (one conformer, MMFF94).
 * 2. otherwise `atomic_numbers` and `coordinates`;
 * 3. otherwise `otherColumn`, as the first.
 *
 * Optional packages (@rdkit/rdkit for SMILES and bytes, openchemlib for conformers) are imported here when `hasPackage` says so: by default,
 * when Node finds them.
 * Errors, none of which a retry cures: FEATURISATION_INVALID, with every problem of the metadata at once; NOT_AVAILABLE for other
 * representations than physicsml_features and for the openeye backend; COLUMN_NOT_FOUND.
 */
export async function createFeaturiser(
  metadata: unknown,
  columns: readonly string[],
  options: FeaturiserOptions = {},
): Promise<Featuriser> {
  const spec = parseFeaturisation(metadata);
  const input = await chooseInput(spec, columns, options);
  const fields = providedFields(spec);
  return {
    inputs: input.columns,
    outputs: [...Object.keys(fields), spec.nameOf('physicsml_atom_idxs')].sort(),
    insteadOf: input.columns[0] === options.otherColumn && spec.column !== options.otherColumn ? spec.column : null,
    fields,
    featurise: (row) => buildFeatures(spec, input.read(row), input.columns[0] as string),
  };
}

/** Columns that a featuriser of this metadata provides, sorted, without looking at any data. Errors as createFeaturiser's for the metadata. */
export function providedColumns(metadata: unknown): readonly string[] {
  const spec = parseFeaturisation(metadata);
  return [...Object.keys(providedFields(spec)), spec.nameOf('physicsml_atom_idxs')].sort();
}

function providedFields(spec: FeaturisationSpec): Record<string, FeatureField> {
  const fields: Record<string, FeatureField> = {
    [spec.nameOf('physicsml_atom_numbers')]: 'atomNumbers',
    [spec.nameOf('physicsml_coordinates')]: 'coordinates',
  };
  if (spec.atomFeatures !== null) fields[spec.nameOf('physicsml_atom_features')] = 'atomFeatures';
  if (spec.bondFeatures !== null) {
    fields[spec.nameOf('physicsml_bond_idxs')] = 'bondIdxs';
    fields[spec.nameOf('physicsml_bond_features')] = 'bondFeatures';
  }
  if (spec.atomicEnergies !== null) fields[spec.nameOf('physicsml_total_atomic_energy')] = 'totalAtomicEnergy';
  return fields;
}
