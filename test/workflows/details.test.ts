import assert from 'node:assert/strict';
import test from 'node:test';
import type { RunStatus, StageStatus } from '../../src/contracts/run-state.ts';
import { currentDetails } from '../../workflows/details.ts';

const stage: StageStatus = {
  index: 0,
  name: 'head',
  state: 'train',
  maxEpochs: 2,
  totalSteps: 40,
  progress: { stage: 0, step: 10, epoch: 0, metrics: { 'val/accuracy': 0.98765 } },
  missReason: 'optimizer.lr was 1, is 2',
  result: null,
  error: null,
};

const status: RunStatus = { phase: 'stages', summary: null, matched: null, stages: [stage], child: null, parked: null, result: null };

test('the current details hold a table with a row per stage, its progress and its metrics', () => {
  const text = currentDetails(status);
  assert.match(text, /\| head \| train \| ███░░░░░░░ 25 % \| val\/accuracy 0\.9877 \|/u);
});

test('a stage that trains again says why', () => {
  assert.match(currentDetails(status), /\*\*head\*\* runs again: optimizer\.lr was 1, is 2/u);
});

test('a parked run says its code, where it stands and which Updates go on', () => {
  const text = currentDetails({ ...status, parked: { code: 'NO_PROGRESS', message: 'step 7 kills', activity: 'train', stage: 'head' } });
  assert.match(text, /Needs attention: NO_PROGRESS\*\* in train of head/u);
  assert.match(text, /retryStage/u);
  assert.match(text, /abort/u);
});
