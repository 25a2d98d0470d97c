import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { isProcessAlive, readProcessIdentity, signalProcess } from '../../src/processes/process-identity.ts';

test('a process is signalled only under its own start time and boot', async (t) => {
  const child = spawn('sleep', ['60']);
  const exited = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  const identity = readProcessIdentity(child.pid ?? 0);
  assert.ok(identity !== null);
  const recycled = { ...identity, startTime: `${identity.startTime}0` };
  const rebooted = { ...identity, bootId: 'another boot' };
  assert.equal(signalProcess(recycled, 'SIGKILL'), false);
  assert.equal(signalProcess(rebooted, 'SIGKILL'), false);
  assert.equal(isProcessAlive(identity), true);
  assert.equal(signalProcess(identity, 'SIGTERM'), true);
  assert.deepEqual(await exited, [null, 'SIGTERM']);
  assert.equal(isProcessAlive(identity), false);
  assert.equal(signalProcess(identity, 'SIGKILL'), false);
});

test('no process has no identity', () => {
  // Above the largest pid that Linux (2^22) and macOS (99,999) give.
  assert.equal(readProcessIdentity(2 ** 30), null);
});
