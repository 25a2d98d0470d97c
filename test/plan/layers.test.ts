import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { JsonObject } from '../../src/contracts/json.ts';
import { type Layer, mergeLayers } from '../../src/plan/layers.ts';

const merge = (...values: (JsonObject | null)[]) => {
  const origins = ['default', 'model', 'base', 'stage'] as const;
  return mergeLayers(values.map((value, index): Layer => ({ origin: origins[index] ?? 'stage', value })));
};

void test('later layers win key by key, at any depth; each leaf keeps its origin', () => {
  assert.deepEqual(merge({ a: { x: 1, y: 1 }, b: 1 }, { a: { y: 2 } }, { c: [1] }), {
    value: { a: { x: 1, y: 2 }, b: 1, c: [1] },
    origins: { 'a.x': 'default', 'a.y': 'model', b: 'default', c: 'base' },
    dropped: [],
  });
});

void test('a scalar replaces a mapping and a mapping a scalar', () => {
  assert.deepEqual(merge({ a: { x: 1 } }, { a: 2 }).value, { a: 2 });
  assert.deepEqual(merge({ a: 2 }, { a: { x: 1 } }).value, { a: { x: 1 } });
});

void test('a class change restarts config once, and what the base wrote for the old class is dropped', () => {
  const defaults = (name: string | undefined): JsonObject => ({ name: name ?? 'A', config: name === 'B' ? { q: 0 } : { p: 0 } });
  const merged = mergeLayers(
    [
      { origin: 'default', value: defaults('A') },
      { origin: 'base', value: { config: { p: 1, r: 1 }, extra: 1 } },
      { origin: 'stage', value: { name: 'B', config: { r: 2 } } },
    ],
    defaults,
  );
  assert.deepEqual(merged.value, { name: 'B', config: { q: 0, r: 2 }, extra: 1 });
  assert.deepEqual(merged.dropped, ['config.p']);
});

void test('a section that is null starts from the defaults of its class when a later layer writes it', () => {
  const defaults = (name: string | undefined): JsonObject => ({ name: name ?? 'A', config: { p: 0 } });
  const merged = mergeLayers(
    [
      { origin: 'base', value: null },
      { origin: 'stage', value: { config: { q: 1 } } },
    ],
    defaults,
  );
  assert.deepEqual(merged.value, { name: 'A', config: { p: 0, q: 1 } });
  assert.deepEqual(mergeLayers([{ origin: 'stage', value: null }]), { value: null, origins: { '': 'stage' }, dropped: [] });
});

const leaf = fc.oneof(fc.integer(), fc.constant(null), fc.array(fc.integer(), { maxLength: 2 }));
/** Sections of one schema: a key is a value in all of them, or a mapping in all of them, as strict schemas see to. */
const json = fc.record(
  { a: leaf, b: leaf, c: fc.record({ a: leaf, d: fc.record({ a: leaf, b: leaf }, { requiredKeys: [] }) }, { requiredKeys: [] }) },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

void test('property: merging is associative, idempotent, and has the empty layer as its neutral element', () => {
  const value = (...layers: JsonObject[]): JsonObject => merge(...layers).value ?? {};
  fc.assert(
    fc.property(json, json, json, (a, b, c) => {
      assert.deepEqual(value(value(a, b), c), value(a, value(b, c)));
      assert.deepEqual(value(a, a), value(a));
      assert.deepEqual(value(a, {}), value(a));
    }),
    { seed: 1, numRuns: 500 },
  );
});

void test('property: every leaf has the origin of the last layer that wrote it', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      const { origins } = merge(a, b);
      const own = merge(b).origins;
      for (const path of Object.keys(own)) assert.equal(origins[path], 'model', path);
    }),
    { seed: 2, numRuns: 300 },
  );
});
