import assert from 'node:assert/strict';
import test from 'node:test';
import { buildCommittedSampleLog } from '../../src/artifacts/sample-log.ts';

const snapshot = (lease: number, lines: number) =>
  ({ envelope: { sampleLog: { lease, lines } } }) as Parameters<typeof buildCommittedSampleLog>[0][number];

test('the committed log of one attempt is the prefix that its last snapshot covers', () => {
  const raw = ['1', '2', 's0', '3', '4', 's1', '5'];
  assert.deepEqual(
    buildCommittedSampleLog([snapshot(0, 2), snapshot(0, 5)], () => raw),
    ['1', '2', 's0', '3', '4'],
  );
});

test('steps that an attempt repeats after a kill are there once, from the attempt that committed them', () => {
  const raw: Readonly<Record<number, readonly string[]>> = {
    0: ['1', '2', 's0', '3 (lost)'],
    1: ['3 (lost too)'],
    2: ['3', '4', 's1', '5 (lost)'],
  };
  assert.deepEqual(
    buildCommittedSampleLog([snapshot(0, 2), snapshot(2, 2)], (lease) => raw[lease] ?? []),
    ['1', '2', '3', '4'],
  );
});

test('a snapshot that was set aside takes its steps out of the log', () => {
  const raw: Readonly<Record<number, readonly string[]>> = { 0: ['1', 's0', '2', 's1 (damaged)'], 1: ['2', 's1', '3'] };
  assert.deepEqual(
    buildCommittedSampleLog([snapshot(0, 1), snapshot(1, 1), snapshot(1, 3)], (lease) => raw[lease] ?? []),
    ['1', '2', 's1', '3'],
  );
});
