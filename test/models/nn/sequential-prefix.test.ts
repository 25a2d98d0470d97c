import assert from 'node:assert/strict';
import test from 'node:test';
import { findModel } from '../../../src/models/registry.ts';

const MLP = { num_layers: 4, hidden_dim: 6, batch_norm: true, dropout: 0.3 };
const FACTS = { inputWidth: 0, outputWidth: 0 };
const still =
  (...names: readonly string[]) =>
  (path: string) =>
    names.some((name) => path === name || path.startsWith(`${name}.`));

test('the prefix of an MLP ends before the first layer that moves', () => {
  const prefix = (names: readonly string[]) => findModel('mlp_regressor', []).prefix?.(MLP, FACTS, still(...names)) ?? null;
  // module.0 Linear, .1 BatchNorm1d, .2 SiLU, .3 Dropout, .4 Linear, ...
  assert.deepEqual(prefix(['module.0', 'module.1'])?.modules, ['module.0', 'module.1']);
  assert.deepEqual(
    prefix(['module.0', 'module.1', 'module.4'])?.modules,
    ['module.0', 'module.1'],
    'dropout stays on, so nothing behind it is kept',
  );
  assert.deepEqual(prefix(['module.0', 'module.1', 'module.3', 'module.4'])?.modules, ['module.0', 'module.1', 'module.4']);
  assert.equal(prefix(['module.1', 'module.4']), null, 'the first layer moves');
  assert.equal(prefix([]), null);
});

test('the prefix of a CNN is its convolutions, with the shape of what they give', () => {
  const config = { input_shape: [1, 28, 28], channels: [3, 4], hidden_dim: 5, classes: [0, 1], dropout: 0.5 };
  const cnn = findModel('cnn_classifier', []);
  const prefix = cnn.prefix?.(config, FACTS, still('features')) ?? null;
  assert.deepEqual(prefix?.modules, ['features.0', 'features.3']);
  assert.deepEqual(
    prefix !== null && 'shape' in prefix && prefix.shape,
    [7 * 7 * 4],
    'flatten and pooling belong to it: they move nothing',
  );
  const further = cnn.prefix?.(config, FACTS, still('features', 'head.1')) ?? null;
  assert.deepEqual(further !== null && 'shape' in further && further.shape, [5]);
});
