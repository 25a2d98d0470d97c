import assert from 'node:assert/strict';
import test from 'node:test';
import { type AttachFacts, decideAttach } from '../../src/client/attach.ts';

const memo = { runDigest: 'same', rootstockVersion: '0.1.0' };

const facts: AttachFacts = {
  existing: { kind: 'running', runId: 'r', memo },
  runDigest: 'same',
  version: '0.1.3',
  replace: false,
  outputIsThere: true,
};

test('a running run with the same digest is attached to', () => {
  assert.equal(decideAttach(facts).action, 'attach');
});

test('a running run with another digest is refused', () => {
  assert.equal(decideAttach({ ...facts, runDigest: 'other' }).action, 'refuse');
});

test('a running run with another digest is cancelled first when --replace is given', () => {
  const decision = decideAttach({ ...facts, runDigest: 'other', replace: true });
  assert.deepEqual([decision.action, decision.action === 'replace' ? decision.how : ''], ['replace', 'cancel']);
});

test('a run that another major version started is ended and started anew; the store resumes it', () => {
  const decision = decideAttach({ ...facts, version: '1.0.0' });
  assert.deepEqual([decision.action, decision.action === 'replace' ? decision.how : ''], ['replace', 'terminate']);
});

test('a completed run with the same digest is printed', () => {
  assert.equal(decideAttach({ ...facts, existing: { kind: 'completed', runId: 'r', memo } }).action, 'print');
});

test('a completed run whose output is gone runs again', () => {
  assert.equal(decideAttach({ ...facts, existing: { kind: 'completed', runId: 'r', memo }, outputIsThere: false }).action, 'start');
});

test('a completed run with another digest starts a new one', () => {
  assert.equal(decideAttach({ ...facts, runDigest: 'other', existing: { kind: 'completed', runId: 'r', memo } }).action, 'start');
});

test('failed, cancelled and unknown runs start a new one', () => {
  assert.equal(decideAttach({ ...facts, existing: { kind: 'ended', runId: 'r', how: 'failed' } }).action, 'start');
  assert.equal(decideAttach({ ...facts, existing: { kind: 'none' } }).action, 'start');
});
