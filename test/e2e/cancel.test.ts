import assert from 'node:assert/strict';
import test from 'node:test';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { findProcesses } from '../helpers/e2e-processes.ts';
import { lastLoggedStep } from '../helpers/e2e-samples.ts';
import { makeWorkspace, RUN_NAME, runDocument, STEPS, withDelay } from '../helpers/e2e-workspace.ts';

test('a cancelled run closes after its trainer has saved and gone, and a new run of the file goes on from there', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const stageKey = golden.stages[0]?.stageKey ?? '';
  // Slow: cancelling starts a command and a worker, and is to hit the middle of the stage.
  const run = startCli(withDelay(workspace, 400), runWords(workspace));
  await untilStep(workspace, stageKey, 2);
  const [trainer] = findProcesses(workspace.root, 'trainer-process');
  assert.ok(trainer, 'a trainer is at work');

  const cancel = await runCli(workspace, ['cancel', RUN_NAME, '--json']);
  assert.equal(cancel.code, 0, cancel.stdout);
  assert.deepEqual(cancel.last, { event: 'cancelled', workflow_id: RUN_NAME });
  assert.deepEqual(findProcesses(workspace.root, 'trainer-process'), [], 'the workflow closed after the trainer had gone');
  const step = await lastLoggedStep(workspace.stateDir, stageKey);
  assert.ok(step < STEPS, `the stage was cut off in the middle, at step ${step}`);
  const ended = await run.ended;
  assert.equal(ended.code, 1);
  assert.equal(ended.last?.event, 'cancelled');
  await checkClean(workspace);

  const again = await runCli(workspace, runWords(workspace));
  assert.equal(again.events[0]?.event, 'started', 'a cancelled run is not attached to');
  // No kill: the snapshot that was saved is of the very step at which it stopped.
  await checkGolden(again, { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});

test('a run without a worker stays cancelled when the worker of `cancel` cannot start, which is the error', async (t) => {
  const workspace = await makeWorkspace(t);
  const run = startCli(workspace, runWords(workspace));
  await run.waitFor('stage');
  run.interrupt();
  assert.equal((await run.ended).code, 130);

  const broken = await runCli(workspace, ['--register', 'nowhere.mjs', 'cancel', RUN_NAME, '--json']);
  assert.equal(broken.code, 2, broken.stdout + broken.stderr);
  assert.equal(broken.last?.['code'], 'FILE_NOT_FOUND');
  assert.equal(broken.stderr, '', 'nothing is thrown where nobody catches it');
  const cancel = await runCli(workspace, ['cancel', RUN_NAME, '--json']);
  assert.deepEqual(cancel.last, { event: 'cancelled', workflow_id: RUN_NAME });
  await checkClean(workspace);
});
