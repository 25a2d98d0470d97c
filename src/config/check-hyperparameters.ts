import { z } from 'zod';
import { activationNotBuilt } from '../contracts/activations-not-built.ts';
import type { Json } from '../contracts/json.ts';
import { checkShape } from './check-shape.ts';
import { type Issue, invalid, notAvailable } from './issue.ts';
import type { ModelSchema } from './model-schema.ts';
import type { Path } from './path.ts';
import { modelConfigShape } from './run-keys.ts';
import { unknownKeyText } from './suggest.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** Checks the keys of a model's configuration that are the model's own; `path` is that of the configuration. */
export function checkHyperparameters(config: Mapping, model: ModelSchema, path: Path): Issue[] {
  const schema = model.hyperparameters(z).strict();
  const own = Object.entries(config).filter(([key]) => !Object.hasOwn(modelConfigShape, key));
  const known = [...Object.keys(schema.shape), ...Object.keys(modelConfigShape)];
  const unknown = own.filter(([key]) => !Object.hasOwn(schema.shape, key));
  return [
    // a hostile file can hold thousands of unknown keys: the first 20 get a suggestion
    ...unknown.map(
      ([key], index): Issue =>
        isVectorLoss(key, schema.shape)
          ? { ...notAvailable([...path, key], 'vectors are not predicted; leave it out'), at: 'key' }
          : { ...invalid([...path, key], index < 20 ? unknownKeyText(key, known) : 'unknown key'), at: 'key' },
    ),
    ...checkShape(schema, Object.fromEntries(own.filter(([key]) => Object.hasOwn(schema.shape, key))), path).map((issue) =>
      namedActivation(issue, config, path),
    ),
  ];
}

/** Losses that physicsml's other models of molecules have, for heads that none has here. */
function isVectorLoss(key: string, shape: Mapping): boolean {
  return /^y_(?:graph|edge)_vector_loss_config$/u.test(key) && Object.hasOwn(shape, 'y_node_vector_loss_config');
}

/** An activation that the original has and we have not is refused by name; the list of those that there are stays. */
function namedActivation(issue: Issue, config: Mapping, path: Path): Issue {
  const key = issue.path[path.length];
  const text = typeof key === 'string' && key.endsWith('activation') ? activationNotBuilt(config[key] as Json) : null;
  return text === null ? issue : notAvailable(issue.path, `${text}; ${issue.text}`);
}
