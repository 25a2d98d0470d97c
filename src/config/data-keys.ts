import { z } from 'zod';
import { later, option, required, text, wholeNumber } from './options.ts';

/** A path or glob; s3:// comes later. */
export const filePath = () =>
  text()
    .refine((value) => !/^s3:\/\//iu.test(value), {
      params: { code: 'NOT_AVAILABLE' },
      error: ({ input }) => `${JSON.stringify(input)}: s3:// paths are not available yet; use a local path`,
    })
    .meta({ words: 'a path' });

const rowId = text().nullable();

const sqlSource = z.strictObject({
  sql: required(text(), 'A DuckDB query. It sees its files by name, and nothing else.'),
  files: option(
    z.record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/u, 'a name for SQL has letters, digits and underscores and starts with no digit'),
      filePath(),
    ),
    'Files by the name that the query uses.',
  ),
  row_id: option(rowId, 'Column with a stable id per row; the result is sorted by it.', { default: null }),
});

const source = () => z.union([filePath(), sqlSource]).meta({ words: 'a path, a glob, or {sql, files, row_id}' });
const fraction = () => z.number().min(0).max(1);

/** Names of molflux's splitting strategies that come later. */
const LATER_SPLITS = ['group_shuffle_split', 'stratified_shuffle_split', 'k_fold', 'group_k_fold', 'ordered_split', 'scaffold'] as const;

const split = z.strictObject({
  name: option(later(z.enum(['shuffle_split', ...LATER_SPLITS]), ['shuffle_split']), 'How rows are assigned to splits.', {
    default: 'shuffle_split',
  }),
  presets: option(
    z.strictObject({
      train_fraction: option(fraction().gt(0), 'Share of the training split.', { default: 0.8 }),
      validation_fraction: option(fraction(), 'Share of the validation split.', { default: 0.1 }),
      test_fraction: option(fraction(), 'Share of the test split.', { default: 0.1 }),
    }),
    'Shares; together at most 1.',
  ),
  split_seed: option(
    wholeNumber(0, 4_294_967_295),
    'Seed of the split, independent of seed: a row is assigned by hash(row id, split_seed), so more rows never move a test row into training.',
    { default: 0 },
  ),
});

/** The data section: train, validation and test; or one source with a split. `checkData` holds the rules across keys. */
export const dataSchema = z.strictObject({
  train: option(source(), 'Training rows.'),
  validation: option(source().nullable(), 'Validation rows.', { default: null }),
  test: option(source().nullable(), 'Test rows.', { default: null }),
  source: option(source(), 'All rows, to be split.'),
  row_id: option(rowId, 'Column with a stable id per row; null: the row number.', { default: null }),
  split: option(split, 'Splits source.'),
  featurisation: option(
    z
      .union([filePath(), z.array(z.record(z.string(), z.unknown())), z.record(z.string(), z.unknown())])
      .nullable()
      .meta({ words: 'a path to a featurisation_metadata.json, or its content, or its "config" list' }),
    'Molecules: how columns that the data lacks are made from others, as molflux saves it. Columns that are there are read.',
    { default: null },
  ),
});
