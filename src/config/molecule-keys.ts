import { z } from 'zod';
import { MOLECULE_DEFAULTS } from '../contracts/graph-columns.ts';
import type { JsonObject } from '../contracts/json.ts';
import { type KeyNotes, option, text, wholeNumber } from './options.ts';
import { isMapping } from './read-json.ts';

const columns = () => z.array(text()).min(1).nullable().meta({ words: 'a list of column names, or null' });
/** physicsml takes an empty list for none. */
const columnsOrNone = () => z.array(text()).nullable().meta({ words: 'a list of column names, or null' });
const column = (key: keyof typeof MOLECULE_DEFAULTS, description: string) =>
  option(text(), description, { default: MOLECULE_DEFAULTS[key] as string });
const targets = (description: string) => option(columns(), description, { default: null });
const target = (description: string) => option(text().nullable(), description, { default: null });
const ignored: KeyNotes = { availability: 'accepted, no effect' };

/**
 * The datamodule keys of molecule models, with physicsml's names and defaults. `checkMolecules` refuses them on other models. They are no
 * part of the section's defaults, so that plans of other models do not have them.
 */
export const moleculeDatamoduleShape = {
  num_elements: option(
    wholeNumber(1),
    'Molecules: kinds of atoms; atom numbers are classes 0 .. num_elements - 1. Required for molecule models.',
  ),
  y_graph_scalars: targets('Molecules: targets with one number per molecule, all in y_features.'),
  y_graph_vector: target('Molecules: a target with a list of numbers per molecule.'),
  y_node_scalars: targets('Molecules: targets with one number per atom.'),
  y_node_vector: target('Molecules: a target with a list of numbers per atom.'),
  y_edge_scalars: targets('Molecules: targets with one number per edge, in the order of edges.'),
  y_edge_vector: target('Molecules: a target with a list of numbers per edge.'),
  atomic_numbers_col: column('atomic_numbers_col', 'Molecules: the column with the class of each atom.'),
  coordinates_col: column('coordinates_col', 'Molecules: the column with [x, y, z] of each atom, in Angstrom.'),
  node_attrs_col: column('node_attrs_col', 'Molecules: the column with further features of each atom; read when it is in x_features.'),
  node_idxs_col: column('node_idxs_col', 'Molecules: the column with the numbers of atoms; accepted in x_features, not read.'),
  edge_idxs_col: column(
    'edge_idxs_col',
    'Molecules: the column with bonds as pairs of atoms, each once; read when both it and edge_attrs_col are in x_features.',
  ),
  edge_attrs_col: column('edge_attrs_col', 'Molecules: the column with the features of each bond.'),
  graph_attrs_cols: option(columnsOrNone(), 'Molecules: columns with features of a molecule, a number or a list each; sorted by name.', {
    default: null,
  }),
  total_atomic_energy_col: column(
    'total_atomic_energy_col',
    'Molecules: the column with an energy that is added to the prediction; read when it is in x_features.',
  ),
  cut_off: option(z.number().gt(0), 'Molecules: atoms at most this far apart are neighbours, in Angstrom.', {
    default: MOLECULE_DEFAULTS.cut_off,
  }),
  self_interaction: option(z.boolean(), 'Molecules: whether an atom is its own neighbour.', {
    default: MOLECULE_DEFAULTS.self_interaction,
  }),
  pbc: option(
    z.tuple([z.boolean(), z.boolean(), z.boolean()]).nullable().meta({ words: 'three booleans, or null' }),
    'Molecules: whether the cell repeats along each lattice vector; all or none.',
    { default: null },
  ),
  cell: option(
    z.array(z.array(z.number())).nullable().meta({ words: 'three lists of three numbers, or null' }),
    'Molecules: lattice vectors as rows, in Angstrom, the same for every row of data.',
    { default: null },
  ),
  pre_batch: option(
    z.enum(['in_memory', 'on_disk']).nullable(),
    'Molecules: accepted without effect on numbers. Edges are found once and kept in any case; unlike the original, batches are made anew in every epoch and drop_last holds.',
    { default: null, ...ignored },
  ),
  pre_batch_in_memory: option(z.boolean(), 'Molecules: an old name of pre_batch: in_memory.', { default: false, ...ignored }),
  train_batch_size: option(wholeNumber(1).nullable(), 'Molecules: an old name of train.batch_size; it wins, with a warning.', {
    default: null,
  }),
  validation_batch_size: option(wholeNumber(1).nullable(), 'Molecules: an old name of validation.batch_size; it wins, with a warning.', {
    default: null,
  }),
  use_scaled_positions: option(z.boolean(), 'Molecules: accepted without effect, as in the original.', { default: false, ...ignored }),
  max_nbins: option(z.int(), 'Molecules: accepted without effect, as in the original.', { default: 1_000_000, ...ignored }),
};

/** Old names of batch sizes, and the split each one means. */
const BATCH_ALIASES = { train_batch_size: 'train', validation_batch_size: 'validation' } as const;

/** Writes the batch sizes that old names give where they belong, so that a later layer overrides them as any other. */
export function withBatchSizes(datamodule: JsonObject): JsonObject {
  let result = datamodule;
  for (const [alias, split] of Object.entries(BATCH_ALIASES)) {
    const size = datamodule[alias];
    const section = datamodule[split];
    if (typeof size === 'number') result = { ...result, [split]: { ...(isMapping(section) ? section : {}), batch_size: size } };
  }
  return result;
}

/** Keys that a stage may override: what decides neighbours and batches, not what is read. */
export const STAGE_KEYS: ReadonlySet<string> = new Set([
  'cut_off',
  'self_interaction',
  'pre_batch',
  'pre_batch_in_memory',
  'train_batch_size',
  'validation_batch_size',
  'use_scaled_positions',
  'max_nbins',
]);
