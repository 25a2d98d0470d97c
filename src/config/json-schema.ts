import { z } from 'zod';
import type { Json, JsonObject } from '../contracts/json.ts';
import { callbackClasses } from './callback-keys.ts';
import type { ClassTable } from './classes.ts';
import type { ModelSchema } from './model-schema.ts';
import { optimizerClasses, optimizerSchema } from './optimizer-keys.ts';
import { required, text } from './options.ts';
import { isMapping } from './read-json.ts';
import { modelConfigShape, topShape } from './run-keys.ts';
import { schedulerClasses, schedulerObject } from './scheduler-keys.ts';
import { SEED_ALIAS } from './seed-alias.ts';
import { shareSchemas } from './share-schemas.ts';
import { trainerSchema } from './trainer-keys.ts';

/** The JSON Schema (draft 7) of a run file, from the same definitions that `parseRun` checks, for editors: completion, hover text, red lines. */
export function runFileJsonSchema(models: readonly ModelSchema[]): JsonObject {
  const schema = keySchema(models);
  const properties = schema['properties'] as JsonObject;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Rootstock run file',
    ...shareSchemas({
      ...(describeAvailability(schema) as JsonObject),
      properties: {
        ...(describeAvailability(properties) as JsonObject),
        [SEED_ALIAS]: { type: 'integer', minimum: 0, maximum: 4_294_967_295, description: "LightningCLI's name for seed." },
      },
    }),
  };
}

/** The JSON Schema with our own annotations (`availability`, `words`, `default`), as documentation needs it. */
export function keySchema(models: readonly ModelSchema[]): JsonObject {
  const variants = models.map((model) =>
    z.strictObject({
      name: required(z.literal(model.name), model.summary),
      config: required(
        z.strictObject({ ...modelConfigShape, ...model.hyperparameters(z).shape }),
        `${CONFIG} ${model.name}: ${model.summary}`,
      ),
    }),
  );
  const unknown = z.strictObject({
    name: required(text(), 'Name of the model.'),
    config: required(z.strictObject(modelConfigShape), CONFIG),
  });
  const model = required(
    variants.length === 0 ? unknown : z.union(variants),
    'The new model: its name and configuration (molflux: model_config).',
  );
  return toSchema(z.strictObject({ ...topShape, model }));
}

const CONFIG = "Its configuration (molflux: model_config): the keys below and the model's hyperparameters.";

/** Converts one zod schema, with the arguments of named classes spelt out. */
export function toSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const extra = CLASS_SCHEMAS.get(zodSchema._zod.def);
      if (extra !== undefined) Object.assign(jsonSchema['properties'] ?? {}, extra(jsonSchema['properties'] ?? {}));
    },
  });
  return rest as unknown as JsonObject;
}

type Properties = Readonly<Record<string, unknown>>;

/** Objects whose `name` chooses what `config` holds: how their properties are completed. By zod definition: metadata makes a new schema, not a new definition. */
const CLASS_SCHEMAS: ReadonlyMap<unknown, (properties: Properties) => Properties> = new Map<
  unknown,
  (properties: Properties) => Properties
>([
  [optimizerSchema.def, (properties) => classProperties(properties, optimizerClasses)],
  [schedulerObject.def, (properties) => classProperties(properties, schedulerClasses)],
  [trainerSchema.def, (properties) => ({ callbacks: { ...plain(properties['callbacks']), anyOf: callbackForms() } })],
]);

function classProperties(properties: Properties, table: ClassTable): Properties {
  return {
    name: { ...plain(properties['name']), anyOf: [{ enum: [...table.available.keys()] }, { type: 'string' }] },
    config: { ...plain(properties['config']), anyOf: [...table.available].map(([name, config]) => ({ title: name, ...toSchema(config) })) },
  };
}

function callbackForms(): Json[] {
  const configs = Object.fromEntries([...callbackClasses.available].map(([name, config]) => [name, toSchema(config)]));
  const byName = { type: 'object', properties: configs };
  const named = {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: {
      name: { anyOf: [{ enum: [...callbackClasses.available.keys()] }, { type: 'string' }] },
      config: { anyOf: Object.entries(configs).map(([title, config]) => ({ title, ...config })) },
    },
  };
  return [{ type: 'array', items: { anyOf: [named, byName] } }, byName, { type: 'null' }];
}

function plain(schema: unknown): Properties {
  return isMapping(schema) ? schema : {};
}

/** Moves our annotations into the description, where editors show them. */
function describeAvailability(schema: Json): Json {
  if (Array.isArray(schema)) return (schema as readonly Json[]).map(describeAvailability);
  if (!isMapping(schema)) return schema;
  const { availability, words: _, ...rest } = schema;
  const entries = Object.entries(rest).map(([key, value]): [string, Json] => [
    key,
    key === 'default' || key === 'enum' ? value : describeAvailability(value),
  ]);
  const result: JsonObject = Object.fromEntries(entries);
  if (typeof availability !== 'string') return result;
  const description = typeof result['description'] === 'string' ? result['description'] : '';
  return { ...result, description: `${description} (${availability})`.trim() };
}
