import { z } from 'zod';
import { moleculeDatamoduleShape } from './molecule-keys.ts';
import { neutral, option, wholeNumber } from './options.ts';

const batchSize = option(
  z
    .union([wholeNumber(1), z.record(z.string(), wholeNumber(1))])
    .refine((value) => typeof value === 'number', {
      params: { code: 'NOT_AVAILABLE' },
      error: 'a batch size per dataset is not available yet; give one whole number',
    })
    .meta({ words: 'a whole number >= 1' }),
  'Rows in a batch.',
  { default: 1 },
);
const oneDataset = { availability: 'accepted, no effect' };
const trainMode = option(
  z.enum(['max_size_cycle', 'max_size', 'min_size']),
  'How several datasets combine; a run has one per split.',
  oneDataset,
);
const evalMode = option(
  z.enum(['max_size_cycle', 'max_size', 'min_size', 'sequential']),
  'How several datasets combine; a run has one per split.',
  oneDataset,
);

/** The datamodule section of every model, with molflux's names. */
export const plainDatamoduleSchema = z.strictObject({
  train: option(
    z.strictObject({
      batch_size: batchSize,
      drop_last: option(z.boolean(), 'Leaves out the last batch of an epoch when it is short.', { default: true }),
      shuffle: option(z.boolean(), 'Another order in every epoch, a function of seed, stage and epoch.', { default: true }),
      mode: trainMode,
    }),
    'Batches for training.',
  ),
  validation: option(
    z.strictObject({
      batch_size: batchSize,
      drop_last: option(z.boolean(), 'Leaves out the last batch when it is short.', { default: false }),
      mode: evalMode,
    }),
    'Batches for validation.',
  ),
  test: option(
    z.strictObject({
      batch_size: batchSize,
      drop_last: option(neutral([false], 'every test row counts'), 'Leaves out the last batch when it is short.'),
      mode: evalMode,
    }),
    'Batches for the test after the last stage.',
  ),
  predict: option(z.strictObject({ batch_size: batchSize }), 'Batches for rootstock predict.'),
  num_workers: option(
    z.union([wholeNumber(0), z.literal('all')]),
    'Accepted without effect: the columns in use are read once, before training.',
    { default: 0, availability: 'accepted, no effect' },
  ),
  prefetch_factor: option(wholeNumber(1).nullable(), 'Accepted without effect, as num_workers.', {
    default: null,
    availability: 'accepted, no effect',
  }),
  shuffle_seed: option(wholeNumber(0, 4_294_967_295).nullable(), 'Seed of the order of rows; null: derived from seed and stage.', {
    default: null,
  }),
});

/** The datamodule section with the keys of molecule models. */
export const datamoduleSchema = plainDatamoduleSchema.extend(moleculeDatamoduleShape);
