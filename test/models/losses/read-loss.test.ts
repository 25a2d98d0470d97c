import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json } from '../../../src/contracts/json.ts';
import { LOSSES_NOT_BUILT } from '../../../src/models/losses/loss-names.ts';
import { readLoss } from '../../../src/models/losses/read-loss.ts';
import { hasCode } from '../support.ts';

const read = (value: Json, place: { readonly columns?: number; readonly hasMolecules?: boolean } = {}) =>
  readLoss(value, { key: 'y_graph_scalars_loss_config', columns: 2, hasMolecules: true, ...place });

void test("arguments have torch's defaults", () => {
  assert.deepEqual(read({ name: 'HuberLoss' }), { kind: 'reduced', element: { name: 'HuberLoss', delta: 1 }, reduction: 'mean', scale: 1 });
  assert.deepEqual(read({ name: 'PoissonNLLLoss', weight: 2, config: { full: true } }), {
    kind: 'reduced',
    element: { name: 'PoissonNLLLoss', logInput: true, full: true, eps: 1e-8 },
    reduction: 'mean',
    scale: 2,
  });
});

void test('all that is wrong with a loss is said at once, each with its dotted key', () => {
  assert.throws(
    () => read({ name: 'HuberLoss', weigth: 2, config: { delta: -1, gamma: 3, reduction: 'none', reduce: true } }),
    hasCode(
      'MODEL_CONFIG_INVALID',
      /loss_config\.weigth: unknown key.*config\.delta: expected a number above 0, received -1.*config\.reduce: .*config\.reduction: expected one of mean, sum.*config\.gamma: unknown argument; known: delta/s,
    ),
  );
});

void test('a misspelt name is answered with the nearest one', () => {
  assert.throws(() => read({ name: 'MSEloss' }), hasCode('MODEL_CONFIG_INVALID', /Did you mean MSELoss.*\nFix: /));
  assert.throws(() => read({}), hasCode('MODEL_CONFIG_INVALID', /name: expected one of BCELoss/));
  assert.throws(() => read('MSELoss'), hasCode('MODEL_CONFIG_INVALID', /expected \{name, weight, config\}/));
});

void test("physicsml's losses that are not built are refused by name", () => {
  for (const name of LOSSES_NOT_BUILT) assert.throws(() => read({ name }), hasCode('NOT_AVAILABLE', new RegExp(`${name} is not built`)));
});

void test('a multi-task loss needs one loss per column, and no loss over columns in it', () => {
  const tasks = (...names: string[]) => ({ name: 'MultiTaskLoss', config: { losses_configs: names.map((name) => ({ name })) } });
  assert.equal(read(tasks('MSELoss', 'L1Loss')).kind, 'tasks');
  assert.throws(() => read(tasks('MSELoss')), hasCode('MODEL_CONFIG_INVALID', /one loss per column \(2\), received 1/));
  assert.throws(
    () => read(tasks('MSELoss', 'CrossEntropyLoss')),
    hasCode('MODEL_CONFIG_INVALID', /losses_configs\.1: expected a loss with a number per element/),
  );
});

void test('a loss that needs what its place does not have is refused', () => {
  assert.throws(() => read({ name: 'WeightedMSELoss' }), hasCode('MODEL_CONFIG_INVALID', /one column.*has 2/));
  assert.throws(
    () => read({ name: 'WeightedMSELoss' }, { columns: 1, hasMolecules: false }),
    hasCode('MODEL_CONFIG_INVALID', /no molecules/),
  );
  assert.throws(() => read({ name: 'GaussianNLLLoss' }), hasCode('MODEL_CONFIG_INVALID', /mean_var_egnn_model/));
});

void test('a weight per column has one number per column, or one for all', () => {
  const weight = (value: Json) => read({ name: 'BCELoss', config: { weight: value } });
  assert.deepEqual(weight([1, 2]), { kind: 'reduced', element: { name: 'BCELoss', weight: [1, 2] }, reduction: 'mean', scale: 1 });
  assert.deepEqual(weight(3), { kind: 'reduced', element: { name: 'BCELoss', weight: [3, 3] }, reduction: 'mean', scale: 1 });
  assert.throws(() => weight([1, 2, 3]), hasCode('MODEL_CONFIG_INVALID', /a list of 2 \(one per column\)/));
});
