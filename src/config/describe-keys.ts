import type { Json, JsonObject } from '../contracts/json.ts';
import { callbackClasses } from './callback-keys.ts';
import { keySchema, toSchema } from './json-schema.ts';
import type { ModelSchema } from './model-schema.ts';
import { isMapping } from './read-json.ts';
import { modelConfigShape } from './run-keys.ts';
import { typeText } from './type-text.ts';

/** What there is to know about one key of a run file. */
export interface KeyDescription {
  /** Dotted; `[]` stands for the entries of a list: `model.config.transfer_learning.stages[].name`. */
  readonly path: string;
  /** The class or model that has this key (Adam, EarlyStopping, cnn_classifier), or null. */
  readonly of: string | null;
  /** In words. */
  readonly type: string;
  readonly required: boolean;
  /** Value when absent; undefined when there is none. */
  readonly default: Json | undefined;
  readonly description: string;
  /** `available`, or what is not. */
  readonly availability: string;
}

/** Describes every key of a run file, from the definitions that `parseRun` checks. Sections that a stage overrides are described once, in the base. */
export function describeKeys(models: readonly ModelSchema[]): KeyDescription[] {
  const run = walk(keySchema([]), { path: '', of: null });
  return [...run, ...models.flatMap(describeHyperparameters)];
}

interface Spot {
  readonly path: string;
  readonly of: string | null;
}

/** Described once: sections of a stage in the base, SQL sources under data.train. */
const DESCRIBED_ELSEWHERE = /\.stages\[\]\.(?:trainer|datamodule|optimizer|scheduler)$|^data\.(?:validation|test|source)$/u;

function walk(schema: JsonObject, spot: Spot): KeyDescription[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonObject>>;
  const needed = (schema['required'] ?? []) as readonly string[];
  return Object.entries(properties).flatMap(([key, property]) => {
    const path = spot.path === '' ? key : `${spot.path}.${key}`;
    const own: KeyDescription = {
      path,
      of: spot.of,
      type: typeText(property),
      required: needed.includes(key),
      default: property['default'],
      description: (property['description'] as string | undefined) ?? '',
      availability: (property['availability'] as string | undefined) ?? 'available',
    };
    return [own, ...inner(property, { path, of: spot.of })];
  });
}

function inner(property: JsonObject, spot: Spot): KeyDescription[] {
  if (DESCRIBED_ELSEWHERE.test(spot.path) || isLater(property)) return [];
  if (spot.path.endsWith('.callbacks')) {
    return [...callbackClasses.available].flatMap(([name, config]) => walk(toSchema(config), { path: `${spot.path}.${name}`, of: name }));
  }
  if (spot.path.endsWith('.config') && spot.path !== 'model.config') {
    return branches(property).flatMap((branch) => walk(branch, { path: spot.path, of: branch['title'] as string }));
  }
  const objects = branches(property).filter((branch) => isMapping(branch['properties']));
  const lists = branches(property).filter((branch) => isMapping(branch['items']));
  return [
    ...objects.flatMap((branch) => walk(branch, spot)),
    ...lists.flatMap((branch) => walk(branch['items'] as JsonObject, { ...spot, path: `${spot.path}[]` })),
  ];
}

function isLater(property: JsonObject): boolean {
  return typeof property['availability'] === 'string' && property['availability'].startsWith('not available yet');
}

/** The schema itself and its alternatives, null left out. */
function branches(schema: JsonObject): JsonObject[] {
  const alternatives = schema['anyOf'];
  if (!Array.isArray(alternatives)) return [schema];
  return (alternatives as readonly JsonObject[]).filter((branch) => branch['type'] !== 'null').flatMap(branches);
}

function describeHyperparameters(model: ModelSchema): KeyDescription[] {
  const properties = keySchema([model])['properties'] as Readonly<Record<string, JsonObject>>;
  const [variant = {}] = branches(properties['model'] ?? {});
  const { config = {} } = (variant['properties'] ?? {}) as Readonly<Record<string, JsonObject>>;
  const all = walk(config, { path: 'model.config', of: model.name });
  return all.filter(({ path }) => !Object.hasOwn(modelConfigShape, path.split('.')[2] ?? ''));
}
