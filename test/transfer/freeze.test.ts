import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ModuleTree } from '../../src/contracts/tensors.ts';
import { frozenBuffers, isFrozenModule, resolveFreeze } from '../../src/transfer/freeze.ts';
import { mlp, spec, tree } from './trees.ts';

const cnn = tree({
  'features.0.weight': [4, 1, 3, 3],
  'features.0.bias': [4],
  'features.1.weight': [4],
  'features.1.running_mean': [4],
  'features.1.num_batches_tracked': [],
  'head.0.weight': [5, 16],
  'head.norm.weight': [5],
  'head.norm.running_var': [5],
});

void test('ruling Frozen: a name freezes the module and all its children (peer: module.0 frozen, module.2 trained)', () => {
  assert.deepEqual(resolveFreeze(['module.0'], mlp(2, 3, 1)), {
    trainable: ['module.2.bias', 'module.2.weight'],
    frozen: ['module.0.bias', 'module.0.weight'],
    frozenModules: ['module.0'],
    trainableParameters: 4,
    frozenParameters: 9,
  });
});

void test('ruling Frozen: nothing named, nothing frozen', () => {
  const mask = resolveFreeze([], cnn);
  assert.deepEqual([mask.frozen, mask.frozenModules, mask.frozenParameters], [[], [], 0]);
  assert.equal(mask.trainable.length, 5);
});

void test('ruling Frozen: the set belongs to one stage and is not cumulative (peer: multistage)', () => {
  const model = mlp(2, 3, 1);
  const [first, second] = [resolveFreeze(['module.0'], model), resolveFreeze(['module.2'], model)];
  assert.deepEqual(first.frozen, second.trainable);
  assert.deepEqual(first.trainable, second.frozen);
});

void test('ruling Frozen: buffers are neither trained nor frozen parameters, they stand still with their module', () => {
  const mask = resolveFreeze(['features'], cnn);
  assert.ok(![...mask.trainable, ...mask.frozen].some((path) => path.includes('running')));
  assert.deepEqual(frozenBuffers(mask, cnn), ['features.1.num_batches_tracked', 'features.1.running_mean']);
});

void test('ruling Frozen: the whole frozen subtree runs in eval mode, also what has no tensors (dropout)', () => {
  const mask = resolveFreeze(['features.0', 'features.1', 'head.norm'], cnn);
  assert.deepEqual(mask.frozenModules, ['features', 'head.norm']);
  assert.ok(isFrozenModule(mask, 'features'));
  assert.ok(isFrozenModule(mask, 'features.2.dropout'));
  assert.ok(!isFrozenModule(mask, 'features2'));
  assert.ok(!isFrozenModule(mask, 'head'));
});

void test('ruling Frozen: a module without parameters can be frozen by name', () => {
  const plain = tree({ 'bn.running_mean': [2], 'head.weight': [2] });
  assert.deepEqual(resolveFreeze(['bn'], plain).frozenModules, ['bn']);
  assert.deepEqual(frozenBuffers(resolveFreeze(['bn'], plain), plain), ['bn.running_mean']);
});

void test('ruling Frozen: globs stay within a segment with * and cross segments with **', () => {
  assert.deepEqual(resolveFreeze(['features.*'], cnn).frozenModules, ['features']);
  assert.deepEqual(resolveFreeze(['*.0'], cnn).frozenModules, ['features.0', 'head.0']);
  assert.deepEqual(resolveFreeze(['**.norm'], cnn).frozenModules, ['head.norm']);
  assert.deepEqual(resolveFreeze(['f*'], cnn).frozenModules, ['features']);
});

void test('ruling Frozen: an entry that names nothing is an error with the nearest names, all entries at once (peer: bad module name)', () => {
  assert.throws(() => resolveFreeze(['feature', 'head', 'nothing.*', 'head.0.weight'], cnn, 'stages.0.freeze_modules'), {
    code: 'FREEZE_NAME_NOT_FOUND',
    message: [
      '3 of 4 names to freeze match nothing.',
      '  stages.0.freeze_modules.0: the model has no module "feature" (did you mean "features" or "features.0" or "features.1"?)',
      '  stages.0.freeze_modules.2: "nothing.*" matches no module of the model',
      '  stages.0.freeze_modules.3: "head.0.weight" is a tensor; only modules can be frozen, such as "head.0"',
      'Fix: name modules of the new model (features, head and their children), or globs such as "features.*".',
    ].join('\n'),
  });
});

void test('ruling Frozen: everything frozen is an error', () => {
  for (const names of [['features', 'head'], ['**'], ['']]) {
    assert.throws(() => resolveFreeze(names, cnn), { code: 'EVERYTHING_FROZEN', message: /freeze_modules: expected at least one module/ });
  }
});

const model = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), fc.constantFrom('w', 'running_var')), {
    selector: (parts) => parts.join('.'),
    minLength: 1,
  })
  .map((paths): ModuleTree => ({ tensors: [...paths.map((parts) => spec(parts.join('.'), [2])), spec('last.w', [1])] }));

void test('property: a mask splits the parameters in two, whatever the order or repetition of names', () => {
  fc.assert(
    fc.property(model, fc.array(fc.constantFrom('a', 'b', '*.x', 'a.**', '**.y')), (tested, names) => {
      const mask = (list: string[]): unknown => {
        try {
          return resolveFreeze(list, tested);
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      const found = mask(names);
      assert.deepEqual(mask([...names, ...names].reverse()), found);
      if (typeof found === 'string') return;
      const { trainable, frozen } = found as ReturnType<typeof resolveFreeze>;
      const parameters = tested.tensors.filter(({ kind }) => kind === 'parameter').map(({ path }) => path);
      assert.deepEqual([...trainable, ...frozen].sort(), parameters.sort());
    }),
    { seed: 1 },
  );
});
