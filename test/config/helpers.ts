import { z } from 'zod';
import type { ModelSchema } from '../../src/config/model-schema.ts';
import { type ParseOptions, parseRun } from '../../src/config/parse-run.ts';
import type { RunConfig } from '../../src/config/run-config.ts';
import { RootstockError } from '../../src/errors.ts';

/** A model with one required and two optional hyperparameters. */
export const toyModel: ModelSchema = {
  name: 'toy_regressor',
  summary: 'For tests.',
  hyperparameters: (zod: typeof z) =>
    zod.strictObject({
      width: zod.int().min(1),
      activation: zod.enum(['ReLU', 'SiLU']).default('SiLU'),
      nested: zod.strictObject({ depth: zod.int().min(1) }).optional(),
    }),
};

export const options: ParseOptions = { source: 'run.yaml', models: [toyModel, { ...toyModel, name: 'other_classifier' }] };

/** A small valid run as an object; tests change one thing. */
export function smallRun(
  config: Readonly<Record<string, unknown>> = {},
  top: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name: 'small',
    data: { train: 'train.parquet' },
    model: { name: 'toy_regressor', config: { x_features: ['a'], y_features: ['b'], width: 4, ...config } },
    output: { path: 'out' },
    ...top,
  };
}

/** A small valid run of a model of molecules, for `options` with the built-in models. */
export function moleculeRun(model: string, config: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const datamodule = { num_elements: 2, y_graph_scalars: ['b'] };
  const x_features = ['physicsml_atom_numbers', 'physicsml_coordinates'];
  const section = { x_features, y_features: ['b'], datamodule, ...config };
  return smallRun({}, { model: { name: model, config: section } });
}

/** A small run with one stage that has the given keys. */
export function stagedRun(
  stage: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return smallRun({ ...config, transfer_learning: { pre_trained_model_path: 'old', stages: [stage] } });
}

/** Parses a value as JSON text. */
export function parse(value: unknown, more: Partial<ParseOptions> = {}): RunConfig {
  return parseRun(JSON.stringify(value), { ...options, ...more });
}

/** Runs something that must fail with a RootstockError, and gives that. */
export function failure(run: () => unknown): RootstockError {
  try {
    run();
  } catch (error) {
    if (error instanceof RootstockError) return error;
    throw error;
  }
  throw new Error('expected a RootstockError, nothing was thrown');
}

/** The problems of a value as `key: text` without positions. */
export function problemsOf(value: unknown, more: Partial<ParseOptions> = {}): string[] {
  const { details } = failure(() => parse(value, more));
  return (details['problems'] as { where: string; text: string }[]).map(
    ({ where, text }) => `${where.replace(/^run\.yaml:\d+:\d+ /u, '')}: ${text}`,
  );
}
