import { z } from 'zod';
import { dataSchema, filePath } from './data-keys.ts';
import { datamoduleSchema } from './datamodule-keys.ts';
import { optimizerSchema } from './optimizer-keys.ts';
import { later, neutral, option, required, text, wholeNumber } from './options.ts';
import { schedulerSchema } from './scheduler-keys.ts';
import { trainerSchema } from './trainer-keys.ts';
import { plainName, transferSchema } from './transfer-keys.ts';

const distinct = (list: readonly unknown[]) => new Set(list).size === list.length;

const columns = () =>
  z.array(text()).min(1).refine(distinct, { error: 'a column is named twice' }).meta({ words: 'a non-empty list of column names' });

/** Keys of model.config that every model has; the rest are the model's hyperparameters. */
export const modelConfigShape = {
  x_features: required(columns(), 'Input columns; a list column counts as its values.'),
  y_features: required(columns(), 'Target columns.'),
  train_features: option(
    z
      .union([z.array(text()), z.record(z.string(), z.array(text()))])
      .nullable()
      .meta({ words: 'a list of column names, a mapping of one name to such a list, or null' }),
    'Columns that training reads, or {name of the data set: columns}: accepted when they are x_features and y_features, which is what training reads.',
    { default: null, availability: 'only the columns of x_features and y_features, of one data set' },
  ),
  datamodule: option(datamoduleSchema, 'Batches.'),
  trainer: option(trainerSchema, 'How long and where to train.'),
  optimizer: option(optimizerSchema, 'The optimizer.'),
  scheduler: option(schedulerSchema, 'The learning rate schedule; null: constant.'),
  transfer_learning: option(transferSchema.nullable(), 'The pre-trained model and the stages; absent: one stage from fresh weights.'),
  compile: option(neutral([false, null], 'there is no torch.compile'), 'torch.compile.'),
  float32_matmul_precision: option(
    neutral([null, 'highest'], 'products are always computed in full float32'),
    'Precision of matrix products.',
  ),
};

const evaluation = z.strictObject({
  metrics: option(
    z
      .array(z.enum(['accuracy', 'mae', 'rmse', 'r2']))
      .refine(distinct, { error: 'a metric is named twice' })
      .meta({ words: 'a list of "accuracy" (classifiers), "mae", "rmse", "r2" (regressors)' }),
    'Metrics beside the loss; absent: those of the task. They are called test/mae, and for each of several y features test/mae/<y>; a model of molecules with several heads has test/<head>/mae and val/<head>/mae, and the loss of each head is val/total/<head>. Missing targets are left out.',
  ),
  baseline: option(
    z.literal('from_scratch').nullable(),
    'from_scratch: one more stage with fresh weights, nothing frozen, the base configuration and the epochs of all stages, reported beside the result.',
    { default: null },
  ),
});

const output = z.strictObject({
  path: required(filePath().meta({ words: 'a directory path' }), 'Directory for the fine-tuned model.'),
  stage: option(later(text().nullable(), [null]), 'The stage whose weights are the result; the last one when absent.'),
});

/** Top-level keys beside `model`. */
export const topShape = {
  name: required(plainName(), 'Name of the run; becomes the workflow id.'),
  seed: option(
    wholeNumber(0, 4_294_967_295).meta({ words: 'a whole number from 0 to 4294967295' }),
    'Seed of weights, order of rows and dropout. seed_everything is an alias.',
    { default: 0 },
  ),
  data: required(dataSchema, 'Where rows come from.'),
  evaluation: option(evaluation, 'What is measured on the test split.'),
  output: required(output, 'Where the result goes.'),
};

/** A run file, the model's configuration still unread. */
export const runSchema = z.strictObject({
  ...topShape,
  model: required(
    z.strictObject({
      name: required(text().meta({ words: 'the name of a model' }), 'Name of the model.'),
      config: required(z.record(z.string(), z.unknown()), 'Its configuration (molflux: model_config).'),
    }),
    'The new model.',
  ),
});
