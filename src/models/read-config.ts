import { activationNotBuilt } from '../contracts/activations-not-built.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';
import type { Activation } from '../ops/ops.ts';

/** Activation names a run file may use: torch.nn's. */
export const ACTIVATIONS: readonly [Activation, ...Activation[]] = [
  'ReLU',
  'SiLU',
  'GELU',
  'Tanh',
  'Sigmoid',
  'LeakyReLU',
  'ELU',
  'Softplus',
  'Identity',
  'CELU',
  'Hardshrink',
  'Hardsigmoid',
  'Hardswish',
  'Hardtanh',
  'LogSigmoid',
  'Mish',
  'ReLU6',
  'SELU',
  'Softshrink',
  'Softsign',
  'Tanhshrink',
];

/** The most layers of one kind that a model can have: far above any real one, and far below what only listing them would cost. */
export const MAX_LAYERS = 1000;

/**
 * Reads a whole number of at least `minimum`, and at most `maximum`, from a model's configuration; absent or null gives the fallback.
 * Errors: MODEL_CONFIG_INVALID.
 */
export function readCount(
  config: JsonObject,
  key: string,
  { fallback, minimum, maximum }: { readonly fallback: number; readonly minimum: number; readonly maximum?: number },
): number {
  const value = config[key] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= (maximum ?? value)) return value;
  throw invalid(key, `a whole number of at least ${minimum}${maximum === undefined ? '' : ` and at most ${maximum}`}`, value);
}

/** Reads a list of whole numbers of at least 1. Errors: MODEL_CONFIG_INVALID. */
export function readCounts(config: JsonObject, key: string, fallback: readonly number[] | undefined): readonly number[] {
  const value = config[key] ?? fallback;
  const isCount = (item: Json): item is number => typeof item === 'number' && Number.isInteger(item) && item >= 1;
  if (Array.isArray(value) && value.length > 0 && value.every(isCount)) return value;
  throw invalid(key, 'a list of whole numbers of at least 1', value);
}

/** Reads a probability in [0, 1). Errors: MODEL_CONFIG_INVALID. */
export function readProbability(config: JsonObject, key: string): number {
  const value = config[key] ?? 0;
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw invalid(key, 'a number from 0 to below 1', value);
}

/** Reads a boolean, false when absent. Errors: MODEL_CONFIG_INVALID. */
export function readFlag(config: JsonObject, key: string): boolean {
  const value = config[key] ?? false;
  if (typeof value === 'boolean') return value;
  throw invalid(key, 'true or false', value);
}

/** Reads an activation's name. Errors: MODEL_CONFIG_INVALID; NOT_AVAILABLE for one of the original's that is not built. */
export function readActivation(config: JsonObject, fallback: Activation): Activation {
  const value = config.activation ?? fallback;
  const name = ACTIVATIONS.find((known) => known === value);
  if (name !== undefined) return name;
  refuseNotBuilt('activation', value);
  throw invalid('activation', `one of ${ACTIVATIONS.join(', ')}`, value);
}

/** Reads an activation's name under a key; null means none. Errors as of `readActivation`. */
export function readNamedActivation(config: JsonObject, key: string, fallback: Activation | null): Activation | null {
  const value = config[key] === undefined ? fallback : config[key];
  if (value === null) return null;
  const name = ACTIVATIONS.find((known) => known === value);
  if (name !== undefined) return name;
  refuseNotBuilt(key, value);
  throw invalid(key, `null or one of ${ACTIVATIONS.join(', ')}`, value);
}

/** Reads a finite number, optionally of at least `minimum` and smaller than `below`. Errors: MODEL_CONFIG_INVALID. */
export function readNumber(
  config: JsonObject,
  key: string,
  range: { readonly fallback: number; readonly minimum?: number; readonly below?: number },
): number {
  const { minimum = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY } = range;
  const value = config[key] ?? range.fallback;
  if (typeof value === 'number' && Number.isFinite(value) && value >= minimum && value < below) return value;
  const limits = [range.minimum === undefined ? '' : ` of at least ${minimum}`, range.below === undefined ? '' : ` below ${below}`];
  throw invalid(key, `a number${limits.join('')}`, value);
}

/** Reads one of several words; the first is the default. Errors: MODEL_CONFIG_INVALID. */
export function readChoice<const Choice extends string>(config: JsonObject, key: string, choices: readonly [Choice, ...Choice[]]): Choice {
  const value = config[key] ?? choices[0];
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw invalid(key, `one of ${choices.join(', ')}`, value);
}

/**
 * The number a hyperparameter states, which must be what the data says; the data's when the hyperparameter is absent or null.
 * `what` names the data's side in the message. Errors: MODEL_CONFIG_INVALID with both values.
 */
export function agreeWithData(stated: number | null, fromData: number, names: { readonly key: string; readonly what: string }): number {
  if (stated === null || stated === fromData) return fromData;
  throw new RootstockError(
    'MODEL_CONFIG_INVALID',
    `model.config.${names.key} is ${stated}, but ${names.what} is ${fromData}.\nFix: set model.config.${names.key}: ${fromData}, leave it out, or change the columns.`,
    { key: names.key, stated, fromData },
  );
}

/** Reads a whole number that may be absent. Errors: MODEL_CONFIG_INVALID. */
export function readOptionalCount(config: JsonObject, key: string): number | null {
  return config[key] === undefined || config[key] === null ? null : readCount(config, key, { fallback: 1, minimum: 1 });
}

/** How many classes model.config.classes lists, or null when it is absent. */
export function readClassCount(config: JsonObject): number | null {
  const { classes } = config;
  if (classes === undefined || classes === null) return null;
  if (Array.isArray(classes)) return classes.length;
  throw invalid('classes', 'a list of labels', classes);
}

function refuseNotBuilt(key: string, value: Json): void {
  const text = activationNotBuilt(value);
  if (text === null) return;
  throw new RootstockError('NOT_AVAILABLE', `model.config.${key}: ${text}.\nFix: use one of ${ACTIVATIONS.join(', ')}.`, { key });
}

function invalid(key: string, expected: string, value: Json | undefined): RootstockError {
  return new RootstockError('MODEL_CONFIG_INVALID', `model.config.${key}: expected ${expected}, received ${JSON.stringify(value)}.`, {
    key,
  });
}
