import { checkRun } from '../config/check-run.ts';
import type { ModelSchema } from '../config/model-schema.ts';
import { formatPath } from '../config/path.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import { convertAccelerators } from './convert-accelerator.ts';
import { convertMapping } from './convert-mapping.ts';
import { convertStage } from './convert-stages.ts';
import { isObject } from './json-object.ts';
import { dropMeaningless } from './meaningless-keys.ts';
import { missingLoss } from './missing-loss.ts';
import { checkModelConfig } from './model-config.ts';
import type { Note } from './notes.ts';
import { trainerNotes } from './trainer-notes.ts';

/** What converting needs to know of a model. `ModelDefinition` has it all. */
export interface ConvertibleModel extends ModelSchema {
  readonly defaults: { readonly scheduler: object | null };
}

/** A model_config as molflux takes it, and what the run file needs beside it. */
export interface ConvertInput {
  /** `{name, config}`, or the content of a saved model's model_config.json. */
  readonly modelConfig: Json;
  /** Dotted places in modelConfig where Python had a whole float (1.0). */
  readonly wholeFloats: ReadonlySet<string>;
  /** Where modelConfig begins, for messages: `config.py:3:16`. */
  readonly place: string;
  readonly name: string;
  /** The data section; null: to be filled in by a person. */
  readonly data: JsonObject | null;
  readonly outputPath: string;
  /** Turns a path as the script has it into one that the run file can hold. */
  readonly pathFrom: (path: string) => string;
  /** Keep the original's numbers where a key can say so. */
  readonly faithful: boolean;
  readonly models: readonly ConvertibleModel[];
}

/** A run file as a value, and what a person has to know of it. */
export interface Converted {
  readonly run: JsonObject;
  readonly notes: readonly Note[];
}

/** Keys of a limit for which Lightning tells 1.0 (all) from 1 (one batch). */
const LIMITS = ['limit_train_batches', 'limit_val_batches', 'limit_test_batches', 'limit_predict_batches', 'val_check_interval'] as const;

/** Turns a model_config into a run file. CONFIG_INVALID when it is not one. Pure. */
export function convertRun(input: ConvertInput): Converted {
  const modelConfig = checkModelConfig(input.modelConfig, input.place);
  const notes: Note[] = [];
  const config = convertConfig(clearWholeFloats(modelConfig.config, input.wholeFloats, notes), input, notes);
  const run: JsonObject = {
    name: input.name,
    data: input.data ?? { train: 'data/train.parquet' },
    model: { name: modelConfig.name, config },
    output: { path: input.outputPath },
  };
  if (input.data === null) {
    notes.push({
      kind: 'to do',
      where: 'data',
      text: 'a model_config says nothing about data: write the path of your parquet file, or give --data',
    });
  }
  notes.push(...missingLoss(modelConfig.name, config, input.models));
  for (const { path, text } of checkRun(run, input.models)) notes.push({ kind: 'to do', where: formatPath(path), text });
  return { run, notes };
}

function convertConfig(config: JsonObject, input: ConvertInput, notes: Note[]): JsonObject {
  const kept = convertAccelerators(dropMeaningless(config, notes), notes);
  const base = trainerNotes(kept, input.faithful, notes);
  const transfer = base['transfer_learning'];
  const model = input.models.find(({ name }) => isObject(input.modelConfig) && name === input.modelConfig['name']);
  const hasScheduler = (model?.defaults.scheduler ?? null) !== null;
  if (transfer === null) return without(base, 'transfer_learning');
  if (!isObject(transfer)) return base;
  return {
    ...base,
    transfer_learning: convertTransfer(transfer, { base, faithful: input.faithful, hasScheduler, pathFrom: input.pathFrom, notes }),
  };
}

interface TransferContext {
  readonly base: JsonObject;
  readonly faithful: boolean;
  /** Whether the model has a scheduler of its own when none is written. */
  readonly hasScheduler: boolean;
  readonly pathFrom: (path: string) => string;
  readonly notes: Note[];
}

const TRANSFER = 'model.config.transfer_learning';

function convertTransfer(transfer: JsonObject, { base, faithful, hasScheduler, pathFrom, notes }: TransferContext): JsonObject {
  const match = convertMapping(transfer['modules_to_match'], `${TRANSFER}.modules_to_match`);
  notes.push(...match.notes);
  const stages = Array.isArray(transfer['stages']) ? (transfer['stages'] as readonly Json[]) : [];
  const converted = stages.map((stage, index): Json => {
    if (!isObject(stage)) return stage;
    const result = convertStage({ stage: withoutNulls(stage), base, where: `${TRANSFER}.stages.${index}`, faithful });
    notes.push(...result.notes);
    return result.stage;
  });
  noteLeakingSteps(converted, { base, hasScheduler, notes });
  const { pre_trained_model_path: path } = transfer;
  if (path === undefined || path === null) {
    const text = 'a path to the saved model is needed (models in a repository are not fetched): fetch it and write its path';
    notes.push({ kind: 'to do', where: `${TRANSFER}.pre_trained_model_path`, text });
  }
  return {
    ...transfer,
    ...(typeof path === 'string' ? { pre_trained_model_path: pathFrom(path) } : {}),
    ...(match.mapping === undefined ? {} : { modules_to_match: match.mapping }),
    stages: converted,
  };
}

/** molflux resolves `T_max: num_steps` inside the shared base, so that stage 2 runs with the count of stage 1. */
function noteLeakingSteps(
  stages: readonly Json[],
  { base, hasScheduler: hasDefault, notes }: Pick<TransferContext, 'base' | 'hasScheduler' | 'notes'>,
): void {
  const scheduler = base['scheduler'];
  const period = isObject(scheduler) && isObject(scheduler['config']) ? scheduler['config']['T_max'] : undefined;
  const usesSteps = scheduler === undefined ? hasDefault : period === 'num_steps';
  if (!usesSteps || stages.length < 2) return;
  const own = stages.slice(1).every((stage) => isObject(stage) && stage['scheduler'] !== undefined);
  if (own) return;
  const text = `T_max: num_steps is counted for each stage here; in the original all later stages run with stage 1's count (write the number to keep that)`;
  notes.push({ kind: 'differs', where: 'model.config.scheduler', text });
}

/** Python's 1.0 for a limit means "all": JSON cannot say it, so the key goes. Other whole floats stay numbers. */
function clearWholeFloats(config: JsonObject, wholeFloats: ReadonlySet<string>, notes: Note[]): JsonObject {
  const clear = (section: Json | undefined, place: string): Json | undefined => {
    if (!isObject(section)) return section;
    const gone = LIMITS.filter((key) => section[key] === 1 && wholeFloats.has(`config.${place}.${key}`));
    for (const key of gone)
      notes.push({ kind: 'dropped', where: `model.config.${place}.${key}`, text: '1.0 means all batches, which is the default' });
    return Object.fromEntries(Object.entries(section).filter(([key]) => !gone.some((name) => name === key)));
  };
  const trainer = clear(config['trainer'], 'trainer');
  const transfer = config['transfer_learning'];
  const stages = isObject(transfer) && Array.isArray(transfer['stages']) ? (transfer['stages'] as readonly Json[]) : null;
  const cleared =
    isObject(transfer) && stages !== null
      ? {
          ...transfer,
          stages: stages.map((stage, index) => {
            if (!isObject(stage)) return stage;
            const own = clear(stage['trainer'], `transfer_learning.stages.${index}.trainer`);
            return own === undefined ? stage : { ...stage, trainer: own };
          }),
        }
      : transfer;
  return { ...config, ...(trainer === undefined ? {} : { trainer }), ...(cleared === undefined ? {} : { transfer_learning: cleared }) };
}

function withoutNulls(stage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(stage).filter(([, value]) => value !== null));
}

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}
