import assert from 'node:assert/strict';
import test from 'node:test';
import { diffStatus, toCompletedEvent } from '../../src/client/run-events.ts';
import type { RunStatus, StageStatus } from '../../src/contracts/run-state.ts';
import type { StageResult } from '../../src/contracts/stage-activities.ts';

const ref = (digest: string) => ({ digest, byteLength: 1 });

const result: StageResult = {
  index: 0,
  name: 'head',
  stageKey: 'key',
  weights: ref('w'),
  lastWeights: ref('w'),
  bestWeights: null,
  ledger: ref('l'),
  epochs: 2,
  steps: 4,
  metrics: { 'val/total/loss': 'NaN' },
  cached: false,
  frozenParameters: 7,
  freezeReceipt: { before: 'f', after: 'f' },
};

const waiting: StageStatus = {
  index: 0,
  name: 'head',
  state: 'waiting',
  maxEpochs: 2,
  totalSteps: 4,
  progress: null,
  missReason: null,
  result: null,
  error: null,
};

const status: RunStatus = { phase: 'stages', summary: null, matched: null, stages: [waiting], child: null, parked: null, result: null };

test('a stage that begins to train is said once', () => {
  const training = { ...status, stages: [{ ...waiting, state: 'train' as const }] };
  assert.deepEqual(
    diffStatus('run', status, training).map(({ event }) => event),
    ['stage'],
  );
  assert.deepEqual(diffStatus('run', training, training), []);
});

test('a finished stage comes with its stable form', () => {
  const done = { ...status, stages: [{ ...waiting, state: 'done' as const, result }] };
  assert.deepEqual(diffStatus('run', status, done), [
    {
      event: 'stage_done',
      workflow_id: 'run',
      stage: {
        name: 'head',
        stage_key: 'key',
        weights_sha256: 'w',
        epochs: 2,
        steps: 4,
        metrics: { 'val/total/loss': 'NaN' },
        cached: false,
        frozen_parameters: 7,
        freeze_receipt: { before: 'f', after: 'f' },
      },
    },
  ]);
});

test('the completed event has the keys that scripts rely on', () => {
  const event = toCompletedEvent('run', {
    output: '/out',
    weightsSha256: 'w',
    stages: [result],
    test: { 'test/accuracy': 1 },
    baseline: null,
  });
  assert.deepEqual(Object.keys(event), ['event', 'workflow_id', 'output', 'weights_sha256', 'stages', 'test', 'baseline']);
});
