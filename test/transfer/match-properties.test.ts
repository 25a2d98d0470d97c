import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ModuleTree, TensorSpec } from '../../src/contracts/tensors.ts';
import { RootstockError } from '../../src/errors.ts';
import { match } from '../../src/transfer/match.ts';
import { spec } from './trees.ts';

const trees = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'), fc.constantFrom('weight', 'bias')), {
    selector: (parts) => parts.join('.'),
    minLength: 1,
    maxLength: 10,
  })
  .chain((paths) =>
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: paths.length, maxLength: paths.length })
      .map((sizes): ModuleTree => ({ tensors: paths.map((parts, index) => spec(parts.join('.'), [sizes[index] as number])) })),
  );
const sides = fc.oneof(
  fc.tuple(trees, trees),
  trees.map((both): [ModuleTree, ModuleTree] => [both, both]),
);
const names = fc.constantFrom('a', 'b', 'c', 'a.x', 'b.y', 'c.x');
const mappings = fc.option(fc.dictionary(names, fc.oneof(names, fc.array(names, { maxLength: 2 })), { maxKeys: 3 }), { nil: null });

void test('property: a match either throws a coded error or gives a complete, disjoint and fitting report', () => {
  let matches = 0;
  fc.assert(
    fc.property(sides, mappings, ([old, fresh], mapping) => {
      const before = JSON.stringify([old, fresh, mapping]);
      let report: ReturnType<typeof match>['report'];
      try {
        report = match(old, fresh, mapping).report;
      } catch (error) {
        assert.ok(error instanceof RootstockError);
        assert.ok((error.details.problems as unknown[]).length > 0);
        return;
      } finally {
        assert.equal(JSON.stringify([old, fresh, mapping]), before);
      }
      matches += 1;
      const byPath = (side: ModuleTree) => new Map<string, TensorSpec>(side.tensors.map((each) => [each.path, each]));
      for (const { from, to } of report.matched) assert.deepEqual(byPath(old).get(from)?.shape, byPath(fresh).get(to)?.shape);
      assert.deepEqual([...report.matched.map(({ to }) => to), ...report.missing].sort(), [...byPath(fresh).keys()].sort());
      const used = new Set(report.matched.map(({ from }) => from));
      assert.deepEqual([...used, ...report.unexpected].sort(), [...byPath(old).keys()].sort());
      const { matchedParameters, freshParameters } = report.counts;
      assert.equal(
        matchedParameters + freshParameters,
        fresh.tensors.reduce((sum, { shape }) => sum + (shape[0] as number), 0),
      );
    }),
    { seed: 1, numRuns: 2000 },
  );
  assert.ok(matches > 50, `only ${matches} of the random pairs matched`);
});

void test('property: the order of a mapping never changes what is matched', () => {
  fc.assert(
    fc.property(trees, mappings, (both, mapping) => {
      if (mapping === null) return;
      const outcome = (entries: [string, string | string[]][]): unknown => {
        try {
          const { matched } = match(both, both, Object.fromEntries(entries)).report;
          return Object.fromEntries(matched.map((each) => [each.to, each.from]));
        } catch (error) {
          return (error as RootstockError).code;
        }
      };
      const entries = Object.entries(mapping);
      assert.deepEqual(outcome(entries), outcome([...entries].reverse()));
    }),
    { seed: 2, numRuns: 500 },
  );
});
