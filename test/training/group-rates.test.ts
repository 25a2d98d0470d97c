import assert from 'node:assert/strict';
import test from 'node:test';
import { groupRates } from '../../src/training/group-rates.ts';

const optimizer = {
  name: 'AdamW' as const,
  config: {},
  groups: [
    { paths: ['a.weight'], config: {} },
    { paths: ['b.weight'], config: {} },
  ],
};
const settings = [{ lr: 1 }, { lr: 2 }, { lr: Number.NaN }];

test('groups are counted from the parameters in no group on, or from the first group where there are none', () => {
  assert.deepEqual(groupRates({ optimizer, mask: { trainable: ['a.weight', 'b.weight', 'c.weight'] } }, settings), {
    'lr-AdamW/pg1': 1,
    'lr-AdamW/pg2': 2,
    'lr-AdamW/pg3': 'NaN',
  });
  assert.deepEqual(groupRates({ optimizer, mask: { trainable: ['a.weight', 'b.weight'] } }, settings), {
    'lr-AdamW/pg1': 2,
    'lr-AdamW/pg2': 'NaN',
  });
});

test('momentum and weight decay are logged by group under names of Lightning when they are asked for', () => {
  const trainer = { logOptimizer: ['momentum', 'weight_decay'] as const };
  const mask = { trainable: ['a.weight', 'b.weight'] };
  const adam = { name: 'AdamW' as const, config: { betas: [0.9, 0.99], weight_decay: 0.1 } };
  assert.deepEqual(groupRates({ optimizer: adam, mask, trainer }, [{ lr: 1 }]), { 'lr-AdamW-momentum': 0.9, 'lr-AdamW-weight_decay': 0.1 });
  assert.deepEqual(
    groupRates({ optimizer: adam, mask, trainer }, [{ lr: 1, momentum: 0.85 }])['lr-AdamW-momentum'],
    0.85,
    'a cycle moves it',
  );
  assert.deepEqual(groupRates({ optimizer: { name: 'Rprop', config: {} }, mask, trainer }, [{ lr: 1 }]), { 'lr-Rprop-momentum': 0 });
  const groups = [{ paths: ['b.weight'], config: { momentum: 0.5, weight_decay: 0 } }];
  const sgd = { name: 'SGD' as const, config: { momentum: 0.9, weight_decay: 0.2 }, groups };
  assert.deepEqual(groupRates({ optimizer: sgd, mask, trainer }, [{ lr: 1 }, { lr: 2 }]), {
    'lr-SGD/pg1': 1,
    'lr-SGD/pg1-momentum': 0.9,
    'lr-SGD/pg1-weight_decay': 0.2,
    'lr-SGD/pg2': 2,
    'lr-SGD/pg2-momentum': 0.5,
    'lr-SGD/pg2-weight_decay': 0,
  });
});

test('one group has no name of its own', () => {
  assert.deepEqual(groupRates({ optimizer: { name: 'SGD', config: {} }, mask: { trainable: ['a'] } }, [{ lr: 1 }]), {});
});
