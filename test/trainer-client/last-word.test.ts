import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { readProcessIdentity } from '../../src/processes/process-identity.ts';
import { createTrainers } from '../../src/trainer-client/trainers.ts';
import { createWorkspace } from '../trainer-process/support.ts';
import { makeSetup } from '../training/support.ts';

test('a trainer that has said its last word and does not end is ended, long before the budget of its phase', {
  timeout: 60_000,
}, async (t) => {
  const trainers = createTrainers({ room: () => ({ cores: 1, availableBytes: 0 }) });
  t.after(() => trainers.close());
  const workspace = await createWorkspace(makeSetup({ trainer: { backend: 'wasm', maxEpochs: 1 } }));
  // A user's module that never lets its process exit, and is no model.
  const module = join(workspace.directory, 'stays.mjs');
  await writeFile(module, "process.on('exit', () => { for (;;); });");
  const job = await workspace.fitJob({ register: [pathToFileURL(module).href] });
  const handle = trainers.start('wasm', async () => job);
  t.after(() => handle.kill());
  await assert.rejects(handle.outcome, { code: 'MODEL_CONFIG_INVALID' });
  assert.equal(readProcessIdentity(handle.pid), null);
});
