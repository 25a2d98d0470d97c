import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { planDigest, runDigest, sha256 } from '../../src/plan/digests.ts';
import { planOf } from './runs.ts';

const identity = { written: { name: 'a', model: { config: { lr: 1 } } }, dataDigests: { train: '1' }, preTrainedDigest: null };

void test('a run digest covers the configuration as written, the data and the pre-trained weights', () => {
  const digest = runDigest(identity);
  assert.equal(runDigest({ ...identity, written: { model: { config: { lr: 1 } }, name: 'a' } }), digest);
  assert.notEqual(runDigest({ ...identity, written: { ...identity.written, seed: 0 } }), digest);
  assert.notEqual(runDigest({ ...identity, dataDigests: { train: '2' } }), digest);
  assert.notEqual(runDigest({ ...identity, dataDigests: { train: '1', test: '2' } }), digest);
  assert.notEqual(runDigest({ ...identity, preTrainedDigest: 'f' }), digest);
});

void test('a plan digest is the same for the same inputs and differs for any other plan', () => {
  assert.equal(planDigest(planOf({ seed: 1 })), planDigest(planOf({ seed: 1 })));
  assert.notEqual(planDigest(planOf({ seed: 1 })), planDigest(planOf({ seed: 2 })));
  assert.notEqual(planDigest(planOf({ trainer: { log_every_n_steps: 1 } })), planDigest(planOf({})));
});

void test('digests are SHA-256 of canonical JSON', () => {
  assert.equal(sha256({ b: 1, a: [true, null] }), createHash('sha256').update('{"a":[true,null],"b":1}').digest('hex'));
});
