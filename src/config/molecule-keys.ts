import { z } from 'zod';
import { later, option, text } from './options.ts';

const names = () => z.array(text()).nullable();
const flag = () => z.boolean();

/** Keys that physicsml's molecule models add to the datamodule. Known, so that a pasted model_config is refused by name. */
const MOLECULE_KEYS = {
  num_elements: () => z.int(),
  y_node_scalars: names,
  y_node_vector: () => text().nullable(),
  y_edge_scalars: names,
  y_edge_vector: () => text().nullable(),
  y_graph_scalars: names,
  y_graph_vector: () => text().nullable(),
  atomic_numbers_col: text,
  coordinates_col: text,
  node_attrs_col: text,
  edge_attrs_col: text,
  node_idxs_col: text,
  edge_idxs_col: text,
  graph_attrs_cols: names,
  total_atomic_energy_col: text,
  cut_off: () => z.number(),
  pbc: () => z.tuple([flag(), flag(), flag()]).nullable(),
  cell: () => z.array(z.array(z.number())).nullable(),
  self_interaction: flag,
  pre_batch: () => z.enum(['in_memory', 'on_disk']).nullable(),
  pre_batch_in_memory: flag,
  train_batch_size: () => z.int().nullable(),
  validation_batch_size: () => z.int().nullable(),
  use_scaled_positions: flag,
  max_nbins: () => z.int(),
} as const;

/** The datamodule keys of molecule models: their types are checked, their values refused with NOT_AVAILABLE. */
export const moleculeDatamoduleShape: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries(MOLECULE_KEYS).map(([key, schema]) => [key, option(later<z.ZodType>(schema()), 'For molecule models.')]),
);
