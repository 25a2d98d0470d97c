import assert from 'node:assert/strict';
import test from 'node:test';
import { keySchema, runFileJsonSchema } from '../../src/config/json-schema.ts';
import { shareSchemas } from '../../src/config/share-schemas.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import { loadModels } from '../../src/models/load-models.ts';

/** The schema with every reference replaced by what it refers to; one that refers to itself by "itself". */
function inline(schema: JsonObject): Json {
  const { definitions = {}, ...rest } = schema;
  const open: string[] = [];
  const resolve = (value: Json): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref: reference } = value as JsonObject;
    if (typeof reference !== 'string') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
    assert.deepEqual(Object.keys(value), ['$ref'], 'draft 7 ignores what stands beside a reference');
    const target = (definitions as JsonObject)[reference.replace('#/definitions/', '')];
    assert.ok(target !== undefined, reference);
    if (open.includes(reference)) return 'itself';
    open.push(reference);
    const resolved = resolve(target);
    open.pop();
    return resolved;
  };
  return resolve(rest);
}

const long = (minimum: number): JsonObject => ({
  type: 'number',
  minimum,
  description: 'A number with a description that is long enough to be shared.',
});

test('schemas that repeat become one definition each, named after their key; others stay, and so do defaults that look like them', () => {
  const schema: JsonObject = {
    type: 'object',
    properties: {
      a: { type: 'object', properties: { lr: long(0) } },
      b: { type: 'array', items: long(0), default: [long(0)] },
      lr: long(1),
      c: { anyOf: [long(1), { type: 'null' }] },
      once: long(2),
    },
  };
  assert.deepEqual(shareSchemas(schema), {
    type: 'object',
    properties: {
      a: { type: 'object', properties: { lr: { $ref: '#/definitions/lr' } } },
      b: { type: 'array', items: { $ref: '#/definitions/lr' }, default: [long(0)] },
      lr: { $ref: '#/definitions/lr-2' },
      c: { anyOf: [{ $ref: '#/definitions/lr-2' }, { type: 'null' }] },
      once: long(2),
    },
    definitions: { lr: long(0), 'lr-2': long(1) },
  });
});

test('what stands once inside a schema that repeats is no definition of its own', () => {
  const outer: JsonObject = { type: 'object', properties: { inner: long(0) } };
  const shared = shareSchemas({ type: 'object', properties: { a: outer, b: outer } });
  assert.deepEqual(Object.keys(shared['definitions'] as JsonObject), ['a']);
});

test('definitions that are there already stay, those that differ in their name only become one', () => {
  const list = (name: string): JsonObject => ({ anyOf: [{ type: 'null' }, { type: 'array', items: { $ref: `#/definitions/${name}` } }] });
  const schema: JsonObject = {
    properties: { a: { $ref: '#/definitions/x' }, b: { $ref: '#/definitions/y' } },
    definitions: { x: list('x'), y: list('y') },
  };
  assert.deepEqual(shareSchemas(schema), {
    properties: { a: { $ref: '#/definitions/x' }, b: { $ref: '#/definitions/x' } },
    definitions: { x: list('x') },
  });
});

test('the schema of all models accepts what it did with everything written out, in less than 200 kB as printed', async () => {
  const models = await loadModels([]);
  assert.deepEqual(inline(shareSchemas(keySchema(models))), inline(keySchema(models)));
  const printed = JSON.stringify(runFileJsonSchema(models), null, 2);
  assert.ok(printed.length < 200_000, `${printed.length} characters`);
});
