import { z } from 'zod';
import { filePath } from './data-keys.ts';
import { datamoduleSchema } from './datamodule-keys.ts';
import { optimizerSchema } from './optimizer-keys.ts';
import { later, neutral, option, required, text } from './options.ts';
import { schedulerSchema } from './scheduler-keys.ts';
import { trainerSchema } from './trainer-keys.ts';

/** Names of runs and stages: they become workflow ids and directory names. */
export const plainName = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/u)
    .meta({ words: 'a name of at most 128 letters, digits, ".", "_" and "-" that starts with a letter or digit' });

const joining = 'Joins earlier stages.';

const stage = z.strictObject({
  name: option(plainName(), 'Name in results and messages; stage-1, stage-2, ... when absent.'),
  freeze_modules: option(
    z.array(text()).nullable(),
    'Modules (dotted names or globs) whose parameters stay as they are in this stage. Not cumulative.',
    { default: null },
  ),
  trainer: option(trainerSchema.nullable(), 'What this stage changes in model.config.trainer.'),
  datamodule: option(datamoduleSchema.nullable(), 'What this stage changes in model.config.datamodule.'),
  optimizer: option(optimizerSchema.nullable(), 'What this stage changes in model.config.optimizer.'),
  scheduler: option(schedulerSchema, 'What this stage changes in model.config.scheduler; null: no scheduler.'),
  carry_weights: option(
    z.enum(['last', 'best', 'ema']),
    "Which weights are the stage's result, which the next stage starts from: the last; the best by ModelCheckpoint's monitor; the average of EMAWeightAveraging. Absent: best with ModelCheckpointApply, else ema with EMAWeightAveraging, else last.",
    { default: 'last' },
  ),
  carry_optimizer: option(
    z.enum(['reset', 'matching']),
    "What the next stage's optimizer starts from: nothing, or this stage's slots and step counts, by path, where class and shapes agree.",
    { default: 'reset' },
  ),
  gate: option(later(z.unknown(), [null]), 'A condition or approval before the next stage.'),
  on_failure: option(later(z.unknown(), [null]), 'What happens when the stage fails.'),
  from: option(later(text().nullable(), [null]), 'The stage to start from; the stage before when absent.'),
  select: option(later(z.array(text())), joining),
  average: option(later(z.array(text())), joining),
  metric: option(later(text()), joining),
  mode: option(later(z.enum(['min', 'max'])), joining),
});

const moduleName = () => text().meta({ words: 'a module name' });

/** The transfer_learning section of model.config. */
export const transferSchema = z.strictObject({
  pre_trained_model_path: required(
    filePath().meta({ words: 'a path to a saved model or to a run file that makes one' }),
    'A saved model (a directory of a run, of physicsml or of molflux; or a .safetensors, .pt, .pth or .ckpt file), or a run file that makes it: then that run goes first.',
  ),
  modules_to_match: option(
    z
      .record(
        text(),
        z
          .union([moduleName(), z.array(moduleName()).min(1)])
          .meta({ words: 'a module name or a non-empty list of module names of the new model' }),
      )
      .refine((value) => Object.keys(value).length > 0, {
        params: { code: 'MAPPING_EMPTY' },
        error: 'an empty mapping matches nothing; name modules, or leave it out to match the whole model',
      })
      .nullable()
      .meta({ words: 'a mapping {module in the pre-trained model: module in the new model} or null' }),
    'Module in the pre-trained model: module (or list of modules) in the new one; null matches the whole model.',
    { default: null },
  ),
  stages: required(z.array(stage).min(1).meta({ words: 'a non-empty list of stages' }), 'The stages, in order. At least one.'),
  repo_url: option(neutral([null], 'give pre_trained_model_path a local path'), 'Repository of the model.'),
  rev: option(neutral([null], 'give pre_trained_model_path a local path'), 'Revision in the repository.'),
  model_path_in_repo: option(neutral(['model', null], 'give pre_trained_model_path a local path'), 'Path in the repository.'),
});
