import { MODELS_NOT_BUILT } from '../contracts/models-not-built.ts';
import { nearestNames } from '../contracts/nearest.ts';
import { RootstockError } from '../errors.ts';
import { cnnClassifier } from './cnn-classifier.ts';
import type { ModelDefinition } from './definition.ts';
import { adapterEgnnModel } from './egnn/adapter-egnn-model.ts';
import { egnnModel } from './egnn/egnn-model.ts';
import { meanVarEgnnModel } from './egnn/mean-var-egnn-model.ts';
import { ssfEgnnModel } from './egnn/ssf-egnn-model.ts';
import { mlpClassifier } from './mlp-classifier.ts';
import { lightningMlpRegressor, mlpRegressor } from './mlp-regressor.ts';

/** The models that come with Rootstock. */
export const builtinModels: readonly ModelDefinition[] = [
  cnnClassifier,
  mlpClassifier,
  mlpRegressor,
  lightningMlpRegressor,
  egnnModel,
  meanVarEgnnModel,
  adapterEgnnModel,
  ssfEgnnModel,
];

/** All models a process knows, the built-in ones and further ones. */
export interface ModelRegistry {
  readonly models: readonly ModelDefinition[];
  /** Finds a model by the name in `model.name`. Throws UNKNOWN_MODEL with the nearest names, NOT_AVAILABLE for a model of physicsml that is not built. */
  find(name: string): ModelDefinition;
}

/** Builds a registry. Throws MODEL_CONFIG_INVALID when two models share a name. */
export function modelRegistry(extra: readonly ModelDefinition[] = []): ModelRegistry {
  const models = [...builtinModels, ...extra];
  const byName = new Map(models.map((model) => [model.name, model]));
  if (byName.size < models.length) throw sharedName(models);
  return { models, find: (name) => byName.get(name) ?? unknownModel(name, [...byName.keys()]) };
}

/** Finds a built-in or given model by name. Throws UNKNOWN_MODEL with the nearest names, NOT_AVAILABLE for a model of physicsml that is not built. */
export function findModel(name: string, extra: readonly ModelDefinition[] = []): ModelDefinition {
  return modelRegistry(extra).find(name);
}

function unknownModel(name: string, known: readonly string[]): never {
  if (MODELS_NOT_BUILT.includes(name)) {
    const text = `model.name: "${name}" is a model of physicsml or molflux that is not built.\nFix: use one of ${known.join(', ')}.`;
    throw new RootstockError('NOT_AVAILABLE', text, { name, known });
  }
  const nearest = nearestNames(name, known);
  const hint = nearest.length > 0 ? ` Did you mean ${nearest.map((near) => `"${near}"`).join(' or ')}?` : '';
  throw new RootstockError('UNKNOWN_MODEL', `model.name: there is no model "${name}".${hint}\nFix: use one of ${known.join(', ')}.`, {
    name,
    known,
    nearest,
  });
}

function sharedName(models: readonly ModelDefinition[]): RootstockError {
  const names = models.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  return new RootstockError('MODEL_CONFIG_INVALID', `Two models share the name ${twice.map((name) => `"${name}"`).join(', ')}.`, { twice });
}
