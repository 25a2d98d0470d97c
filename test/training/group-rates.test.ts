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

test('one group has no name of its own', () => {
  assert.deepEqual(groupRates({ optimizer: { name: 'SGD', config: {} }, mask: { trainable: ['a'] } }, [{ lr: 1 }]), {});
});
