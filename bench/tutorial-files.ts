import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

/** Files of B4 in its directory. */
export const TUTORIAL_FILES = {
  pretrain: 'pretrain.json',
  transfer: 'transfer.json',
  /** 800 molecules, in an order that both sides read. */
  train: 'train.parquet',
  /** All 1,000. */
  all: 'all.parquet',
} as const;

/** Epochs, and batches of an epoch, of each phase: what both sides do. */
export const PHASES = [
  { label: 'pre-training', epochs: 10, batches: 13 },
  { label: 'stage 1, egnn frozen', epochs: 10, batches: 7 },
  { label: 'stage 2, everything', epochs: 4, batches: 13 },
] as const;

const FEATURES = ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates'];

/** The featurised molecules of the tutorial: ROOTSTOCK_QM9_PARQUET, or a reference folder beside the checkout; undefined when neither is there. */
export function findMolecules(): string | undefined {
  const beside = fileURLToPath(new URL('../../shared/reference/data/gdb9_1000.parquet', import.meta.url));
  const given = process.env['ROOTSTOCK_QM9_PARQUET'];
  return [given, beside].find((path) => path !== undefined && existsSync(path));
}

/** Writes the data that both sides read: all molecules, and 800 of them in an order by seed. */
export async function writeMolecules(directory: string, molecules: string, seed: number): Promise<void> {
  const sql = async (text: string) => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(text);
    connection.closeSync();
    instance.closeSync();
  };
  const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`;
  const copy = (rest: string, to: string) =>
    sql(`COPY (SELECT * FROM read_parquet(${quoted(molecules)}) ${rest}) TO ${quoted(join(directory, to))} (FORMAT parquet)`);
  await copy('', TUTORIAL_FILES.all);
  await copy(`ORDER BY hash(mol_id, ${seed}) LIMIT 800`, TUTORIAL_FILES.train);
}

/**
 * Writes the run files of physicsml's transfer-learning tutorial into a directory of their own, beside which the data are. `drop_last: false` because
 * the tutorial's in-memory batches keep the short one.
 */
export async function writeRunFiles(directory: string, seed: number): Promise<void> {
  const write = (name: string, run: object) => writeFile(join(directory, name), JSON.stringify(run, null, 2));
  await write(TUTORIAL_FILES.pretrain, runFile({ name: 'tutorial-pretrain', target: 'lumo', output: 'pre_trained_model', seed }));
  const stages = [
    { freeze_modules: ['egnn'], datamodule: { train: { batch_size: 128 } }, optimizer: { config: { lr: 1e-2 } } },
    { trainer: { max_epochs: 4 }, optimizer: { config: { lr: 1e-4 } } },
  ];
  const transfer = { pre_trained_model_path: TUTORIAL_FILES.pretrain, modules_to_match: { egnn: 'egnn' }, stages };
  await write(
    TUTORIAL_FILES.transfer,
    runFile({ name: 'tutorial', target: 'u0', output: 'model', seed }, { transfer_learning: transfer }, ['physicsml_total_atomic_energy']),
  );
}

function runFile(
  { name, target, output, seed }: { readonly name: string; readonly target: string; readonly output: string; readonly seed: number },
  more: object = {},
  features: readonly string[] = [],
): object {
  return {
    name,
    seed,
    data: { train: `../${TUTORIAL_FILES.train}`, row_id: 'mol_id' },
    model: {
      name: 'egnn_model',
      config: {
        x_features: [...FEATURES, ...features],
        y_features: [target],
        num_node_feats: 5,
        num_layers: 2,
        c_hidden: 12,
        y_graph_scalars_loss_config: { name: 'MSELoss' },
        optimizer: { name: 'AdamW', config: { lr: 1e-3 } },
        datamodule: {
          y_graph_scalars: [target],
          num_elements: 5,
          cut_off: 5.0,
          train: { batch_size: 64, drop_last: false },
          validation: { batch_size: 128 },
        },
        trainer: { max_epochs: 10, accelerator: 'cpu' },
        ...more,
      },
    },
    output: { path: output },
  };
}
