import { didYouMean } from '../contracts/nearest.ts';
import { plural } from '../contracts/plural.ts';
import { composeMessage, type Problem, RootstockError } from '../errors.ts';
import { ATOM_FEATURES, BOND_FEATURES } from './feature-tables.ts';
import { asRecord, parseEnergies, parseFeatures, parseMapping, parseTemplate, show, type Wrong } from './featurisation-values.ts';

/** A featurisation_metadata.json, checked: its one physicsml_features representation. */
export interface FeaturisationSpec {
  /** The column that holds the molecule. */
  readonly column: string;
  /** Atomic number -> class, 0 .. num_elements - 1; null: atomic number - 1, as the original does. */
  readonly mapping: ReadonlyMap<number, number> | null;
  /** Atomic number -> energy, or energy by formal charge. Same unit as the target. Null: no total atomic energy. */
  readonly atomicEnergies: ReadonlyMap<number, number | ReadonlyMap<number, number>> | null;
  /** Sorted, as the original sorts them; null: none. */
  readonly atomFeatures: readonly string[] | null;
  readonly bondFeatures: readonly string[] | null;
  readonly oneHot: boolean;
  /** Columns with plain atoms and coordinates. */
  readonly atomicNumbersColumn: string;
  readonly coordinatesColumn: string;
  /** Whether the hydrogens that SMILES leave out become atoms. */
  readonly withHydrogens: boolean;
  /** Of the conformers of SMILES without coordinates. 0 .. 2^31 - 2. */
  readonly conformerSeed: number;
  /** Name of the provided column for a feature of the representation. */
  readonly nameOf: (feature: string) => string;
}

/** Keys of physicsml_features; the last four are ours. */
const KEYS = [
  'atomic_number_mapping',
  'atomic_energies',
  'atom_features',
  'bond_features',
  'one_hot_encoded',
  'backend',
  'tag',
  'atomic_numbers_col',
  'coordinates_col',
  'with_hydrogens',
  'conformer_seed',
];

/**
 * Checks a featurisation_metadata.json (version 1 or 2), or its "config" list. Errors: FEATURISATION_INVALID with every problem at once,
 * by dotted key; NOT_AVAILABLE for representations other than physicsml_features, several of them, presets, and the openeye backend.
 */
export function parseFeaturisation(metadata: unknown): FeaturisationSpec {
  const problems: Problem[] = [];
  const wrong = (where: string, text: string): undefined => void problems.push({ where, text });
  const list = configList(metadata, wrong);
  const { where, column, representation } = onlyRepresentation(list, wrong);
  const config = asRecord(representation.config) ?? {};
  const at = (key: string): string => `${where}.config.${key}`;
  if (representation.config !== undefined && asRecord(representation.config) === undefined) wrong(`${where}.config`, 'expected a mapping');
  for (const key of Object.keys(config)) {
    if (!KEYS.includes(key)) wrong(at(key), `unknown key${didYouMean(key, KEYS)}; physicsml_features has ${KEYS.join(', ')}`);
  }
  if (config.backend === 'openeye') throw notAvailable(`${at('backend')}: openeye is not built`, 'use backend: rdkit.');
  if (config.backend !== 'rdkit') wrong(at('backend'), `expected "rdkit", received ${show(config.backend)}`);
  const mapping = parseMapping(config.atomic_number_mapping, at('atomic_number_mapping'), wrong);
  const atomicEnergies = parseEnergies(config.atomic_energies, mapping, at('atomic_energies'), wrong);
  const text = (key: string, otherwise: string): string => {
    const value = config[key] ?? otherwise;
    if (typeof value === 'string' && value !== '') return value;
    wrong(at(key), `expected the name of a column, received ${show(value)}`);
    return otherwise;
  };
  const flag = (key: string): boolean => {
    const value = config[key] ?? true;
    if (typeof value !== 'boolean') wrong(at(key), `expected true or false, received ${show(value)}`);
    return value !== false;
  };
  const seed = config.conformer_seed ?? 0;
  if (!Number.isInteger(seed) || (seed as number) < 0 || (seed as number) > 2 ** 31 - 2) {
    wrong(at('conformer_seed'), `expected a whole number from 0 to 2147483646, received ${show(seed)}`);
  }
  const spec: FeaturisationSpec = {
    column,
    mapping,
    atomicEnergies,
    atomFeatures: parseFeatures(config.atom_features, ATOM_FEATURES, at('atom_features'), wrong),
    bondFeatures: parseFeatures(config.bond_features, BOND_FEATURES, at('bond_features'), wrong),
    oneHot: flag('one_hot_encoded'),
    atomicNumbersColumn: text('atomic_numbers_col', 'atomic_numbers'),
    coordinatesColumn: text('coordinates_col', 'coordinates'),
    withHydrogens: flag('with_hydrogens'),
    conformerSeed: seed as number,
    nameOf: parseTemplate(representation.as, column, `${where}.as`, wrong),
  };
  if (problems.length > 0) {
    const headline = `The featurisation has ${problems.length} ${plural(problems.length, 'problem')}.`;
    const fix = 'correct each place; the format is that of a featurisation_metadata.json as molflux saves it.';
    throw new RootstockError('FEATURISATION_INVALID', composeMessage(headline, problems, fix), { problems });
  }
  return spec;
}

function configList(metadata: unknown, wrong: Wrong): readonly unknown[] {
  if (Array.isArray(metadata)) return metadata;
  const record = asRecord(metadata);
  if (record === undefined) {
    wrong('featurisation', `expected a mapping with "config", or its list, received ${show(metadata)}`);
    return [];
  }
  if (record.version !== undefined && record.version !== 1 && record.version !== 2) {
    wrong('featurisation.version', `expected 1 or 2, received ${show(record.version)}`);
  }
  if (Array.isArray(record.config)) return record.config;
  wrong('featurisation.config', `expected a list of columns with their representations, received ${show(record.config)}`);
  return [];
}

/** The one representation there is; several would give one molecule two sets of features. */
function onlyRepresentation(list: readonly unknown[], wrong: Wrong) {
  const found: { where: string; column: string; representation: Record<string, unknown> }[] = [];
  for (const [i, entry] of list.entries()) {
    const where = `featurisation.config[${i}]`;
    const record = asRecord(entry);
    const columns = record?.columns;
    const column = Array.isArray(columns) && columns.length === 1 ? columns[0] : record?.column;
    if (typeof column !== 'string')
      wrong(`${where}.column`, `expected the name of one column, received ${show(record?.columns ?? column)}`);
    if (!Array.isArray(record?.representations))
      wrong(`${where}.representations`, `expected a list, received ${show(record?.representations)}`);
    for (const [k, each] of (Array.isArray(record?.representations) ? record.representations : []).entries()) {
      const representation = asRecord(each) ?? {};
      const place = `${where}.representations[${k}]`;
      if (representation.name !== 'physicsml_features') {
        if (typeof representation.name !== 'string')
          wrong(`${place}.name`, `expected "physicsml_features", received ${show(representation.name)}`);
        else
          throw notAvailable(
            `${place}.name: "${representation.name}" is not built${didYouMean(representation.name, ['physicsml_features'])}`,
            'add such columns to the data file; physicsml_features is computed here.',
          );
      }
      if (Object.keys(asRecord(representation.presets) ?? {}).length > 0) {
        throw notAvailable(`${place}.presets is not built`, 'move its keys to config.');
      }
      found.push({ where: place, column: String(column), representation });
    }
  }
  if (found.length > 1)
    throw notAvailable(`the featurisation has ${found.length} physicsml_features`, 'keep one: a model reads one set of atoms.');
  if (found.length === 0 && list.length === 0)
    wrong('featurisation.config', 'expected one physicsml_features representation, received none');
  return found[0] ?? { where: 'featurisation.config[0].representations[0]', column: '', representation: { config: { backend: 'rdkit' } } };
}

function notAvailable(what: string, fix: string): RootstockError {
  return new RootstockError('NOT_AVAILABLE', `Not available: ${what}.\nFix: ${fix}`, { what });
}
