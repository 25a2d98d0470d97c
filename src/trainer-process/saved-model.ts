import type { Json, JsonObject } from '../contracts/json.ts';
import type { ModuleTree, Weights } from '../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import type { InputFacts } from '../models/definition.ts';

/** What model_config.json says about a saved model. */
export interface SavedModel {
  readonly name: string;
  /** Hyperparameters, without x_features and y_features. */
  readonly config: JsonObject;
  readonly xFeatures: readonly string[];
  readonly yFeatures: readonly string[];
  /** Class labels in order; null for a regressor. */
  readonly classes: readonly (string | number)[] | null;
  readonly facts: InputFacts;
}

/**
 * Reads `{name, config: {x_features, y_features, classes?, ...}, x_widths}` as a run publishes it. `x_widths` gives the values per row of
 * each x column; models saved elsewhere have `config.input_dim` in its place. CHECKPOINT_INVALID names what is not there.
 */
export function parseSavedModel(document: JsonObject, path: string): SavedModel {
  const { name, config, x_widths: widths } = document;
  if (typeof name !== 'string' || !isObject(config)) throw invalid(path, 'expected "name" and "config"');
  const { x_features: x, y_features: y, ...hyperparameters } = config;
  if (!isTexts(x) || !isTexts(y)) throw invalid(path, 'expected lists of column names in config.x_features and config.y_features');
  const classes = config.classes ?? null;
  if (classes !== null && !isLabels(classes)) throw invalid(path, 'expected a list of labels in config.classes');
  const inputWidth = isObject(widths) ? x.reduce((sum, column) => sum + Number(widths[column]), 0) : Number(config.input_dim);
  if (!Number.isSafeInteger(inputWidth) || inputWidth < 1) throw invalid(path, 'expected the values per row of each x column in x_widths');
  return {
    name,
    config: hyperparameters,
    xFeatures: x,
    yFeatures: y,
    classes,
    facts: { inputWidth, outputWidth: classes?.length ?? y.length },
  };
}

/** Checks that weights are those of a model: every tensor with its shape, and no other. CHECKPOINT_INVALID lists all that differ. */
export function checkWeights({ tensors }: ModuleTree, weights: Weights, where: string): void {
  const expected = new Map(tensors.map((spec) => [spec.path, spec]));
  const problems = [...new Set([...expected.keys(), ...weights.keys()])].flatMap((path) => {
    const [wanted, found] = [expected.get(path), weights.get(path)].map((tensor) =>
      tensor === undefined ? 'nothing' : `${tensor.dtype} [${tensor.shape.join(', ')}]`,
    );
    return wanted === found ? [] : [{ where: path, text: `expected ${wanted}, received ${found}` }];
  });
  if (problems.length === 0) return;
  throw new RootstockError(
    'CHECKPOINT_INVALID',
    composeMessage(`"${where}" holds weights of another model than its model_config.json.`, problems),
    { where },
  );
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isLabels(value: Json): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number');
}

function invalid(path: string, text: string): RootstockError {
  return new RootstockError('CHECKPOINT_INVALID', `"${path}" does not describe a saved model: ${text}.`, { path });
}
