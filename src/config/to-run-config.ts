import type { Json, JsonObject } from '../contracts/json.ts';
import type { ModulesToMatch } from '../contracts/plan.ts';
import type { DataSection, EvaluationSection, RunConfig, StageSection, TransferLearningSection } from './run-config.ts';
import { modelConfigShape } from './run-keys.ts';

/** The typed view of a valid, normalised run file. The casts rest on `checkRun`. */
export function toRunConfig(written: JsonObject): RunConfig {
  const model = written['model'] as JsonObject;
  const config = model['config'] as JsonObject;
  const transfer = (config['transfer_learning'] ?? undefined) as JsonObject | undefined;
  return {
    written,
    name: written['name'] as string,
    seed: written['seed'] as number | undefined,
    data: written['data'] as unknown as DataSection,
    model: {
      name: model['name'] as string,
      xFeatures: config['x_features'] as readonly string[],
      yFeatures: config['y_features'] as readonly string[],
      hyperparameters: Object.fromEntries(Object.entries(config).filter(([key]) => !Object.hasOwn(modelConfigShape, key))),
    },
    ...sections(config),
    transferLearning: transfer === undefined ? undefined : toTransferLearning(transfer),
    evaluation: written['evaluation'] as unknown as EvaluationSection | undefined,
    output: { path: (written['output'] as JsonObject)['path'] as string },
  };
}

type Sections = Pick<RunConfig, 'trainer' | 'datamodule' | 'optimizer' | 'scheduler'>;

/** A null trainer, datamodule or optimizer overrides nothing, as in molflux; a null scheduler is none. */
function sections(from: JsonObject): Sections {
  const section = (value: Json | undefined) => (value ?? undefined) as JsonObject | undefined;
  return {
    trainer: section(from['trainer']),
    datamodule: section(from['datamodule']),
    optimizer: section(from['optimizer']),
    scheduler: from['scheduler'] as JsonObject | null | undefined,
  };
}

function toTransferLearning(transfer: JsonObject): TransferLearningSection {
  return {
    preTrainedModelPath: transfer['pre_trained_model_path'] as string,
    modulesToMatch: (transfer['modules_to_match'] ?? null) as ModulesToMatch | null,
    stages: (transfer['stages'] as readonly JsonObject[]).map(toStage),
  };
}

function toStage(stage: JsonObject, index: number): StageSection {
  return {
    name: (stage['name'] as string | undefined) ?? `stage-${index + 1}`,
    freezeModules: (stage['freeze_modules'] ?? []) as readonly string[],
    ...sections(stage),
    carryWeights: stage['carry_weights'] as StageSection['carryWeights'],
    carryOptimizer: stage['carry_optimizer'] as StageSection['carryOptimizer'],
  };
}
