import type { Json, JsonObject } from '../contracts/json.ts';
import { isObject } from './json-object.ts';
import type { Note } from './notes.ts';

/** Keys that say how torch, its devices or its screen are used: nothing here reads them, and no number depends on them. */
const TRAINER_KEYS: Readonly<Record<string, string>> = {
  barebones: 'switches parts of Lightning off',
  benchmark: 'a setting of cuDNN',
  default_root_dir: 'the state directory (--state) holds what a run keeps',
  devices: 'a training uses one device',
  enable_checkpointing: 'snapshots are always taken',
  enable_model_summary: 'rootstock plan shows the model',
  enable_progress_bar: 'rootstock run shows progress on a terminal',
  inference_mode: 'a setting of torch',
  logger: 'metrics are always in metrics.csv and in the Temporal UI',
  num_nodes: 'a training uses one machine',
  profiler: 'a tool of Lightning',
  plugins: 'a tool of Lightning',
  reload_dataloaders_every_n_epochs: 'data is read once',
  strategy: 'a training uses one device',
  sync_batchnorm: 'a training uses one device',
  use_distributed_sampler: 'a training uses one device',
};

const CONFIG_KEYS: Readonly<Record<string, string>> = {
  compile: 'there is no torch.compile',
  float32_matmul_precision: 'products are always computed in full float32',
};

const TRANSFER_KEYS: Readonly<Record<string, string>> = {
  repo_url: 'a pre-trained model is a path; fetch the repository first',
  rev: 'a pre-trained model is a path',
  model_path_in_repo: 'a pre-trained model is a path',
};

/** Leaves out the keys without a meaning here, of the base and of every stage, and notes each that asked for something. */
export function dropMeaningless(config: JsonObject, notes: Note[]): JsonObject {
  const base = drop(config, { keys: CONFIG_KEYS, where: 'model.config', notes });
  const transfer = base['transfer_learning'];
  return {
    ...base,
    ...(isObject(base['trainer']) ? { trainer: drop(base['trainer'], { keys: TRAINER_KEYS, where: 'model.config.trainer', notes }) } : {}),
    ...(isObject(transfer) ? { transfer_learning: dropOfTransfer(transfer, notes) } : {}),
  };
}

function dropOfTransfer(transfer: JsonObject, notes: Note[]): JsonObject {
  const where = 'model.config.transfer_learning';
  const kept = drop(transfer, { keys: TRANSFER_KEYS, where, notes });
  const stages = kept['stages'];
  if (!Array.isArray(stages)) return kept;
  return {
    ...kept,
    stages: (stages as readonly Json[]).map((stage, index) =>
      isObject(stage) && isObject(stage['trainer'])
        ? { ...stage, trainer: drop(stage['trainer'], { keys: TRAINER_KEYS, where: `${where}.stages.${index}.trainer`, notes }) }
        : stage,
    ),
  };
}

interface Drop {
  readonly keys: Readonly<Record<string, string>>;
  readonly where: string;
  readonly notes: Note[];
}

function drop(section: JsonObject, { keys, where, notes }: Drop): JsonObject {
  return Object.fromEntries(
    Object.entries(section).filter(([key, value]) => {
      const reason = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (reason === undefined) return true;
      if (asksForSomething(value))
        notes.push({ kind: 'dropped', where: `${where}.${key}`, text: `${JSON.stringify(value)} has no meaning here: ${reason}` });
      return false;
    }),
  );
}

function asksForSomething(value: Json): boolean {
  return value !== null && value !== false && value !== 0 && value !== '';
}
