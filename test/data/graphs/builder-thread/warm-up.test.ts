import assert from 'node:assert/strict';
import test from 'node:test';
import { answer } from '../../../../src/data/graphs/builder-thread/answer.ts';
import { warmUp } from '../../../../src/data/graphs/builder-thread/warm-up.ts';

test('warming up builds batches well and keeps none of its molecules', () => {
  warmUp();
  const reply = answer({ type: 'batch', dataset: -1, rows: Uint32Array.of(0) });
  assert.equal(reply?.type, 'failed');
  assert.match(String(reply.error), /dataset -1, which is not there/);
});
