import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { type CliEvent, runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { findProcesses } from '../helpers/e2e-processes.ts';
import { lastLoggedStep } from '../helpers/e2e-samples.ts';
import { makeWorkspace, RUN_NAME, runDocument, STEPS, withDelay, writeRun } from '../helpers/e2e-workspace.ts';

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

test('a run whose publication fails and fails is ended at once by `cancel` and by --replace', async (t) => {
  const workspace = withDelay(await makeWorkspace(t), 0);
  // What the run is to remove is not the file that it looks like: that fails, and is tried again.
  const former = join(workspace.root, 'models', `${RUN_NAME}.old-0`);
  await mkdir(join(former, 'weights.safetensors'), { recursive: true });
  await writeFile(join(former, 'manifest.json'), JSON.stringify({ name: RUN_NAME, files: { 'weights.safetensors': {} } }));
  const isPublishing = ({ reason }: CliEvent) => /attempt [5-9] of publish/u.test(String(reason));

  const first = startCli(workspace, runWords(workspace));
  await first.waitFor('waiting', isPublishing); // the next attempt is seconds away
  const cancel = await runCli(workspace, ['cancel', RUN_NAME, '--json']);
  assert.deepEqual(cancel.last, { event: 'cancelled', workflow_id: RUN_NAME });
  assert.equal((await first.ended).last?.event, 'cancelled');

  const second = startCli(workspace, runWords(workspace));
  await second.waitFor('waiting', isPublishing);
  await writeRun(workspace.runFile, runDocument({ lr: [0.01, 0.003] }));
  const replacing = startCli(workspace, runWords(workspace, '--replace'));
  assert.equal((await second.ended).last?.event, 'cancelled');
  await replacing.waitFor('started');
  await rm(former, { recursive: true });
  assert.equal((await replacing.ended).last?.event, 'completed');
  await checkClean(workspace);
});

test('a wait for a run to close says what it waits for and ends with Ctrl-C; the run ends all the same', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const run = startCli(withDelay(workspace, 400), runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 2);
  const [trainer] = findProcesses(workspace.root, 'trainer-process');
  assert.ok(trainer, 'a trainer is at work');
  process.kill(trainer.pid, 'SIGSTOP'); // it cannot save yet

  const cancel = startCli(workspace, ['cancel', RUN_NAME, '--json']);
  const { reason } = await cancel.waitFor('waiting');
  assert.match(String(reason), /^waiting for the run "e2e-run" to close: train.* saves a snapshot/u);
  cancel.interrupt();
  const left = await cancel.ended;
  assert.equal(left.code, 130, left.stdout + left.stderr);
  assert.equal(left.last?.event, 'interrupted');
  assert.match(String(left.last?.['cancel']), /^rootstock cancel e2e-run --state /u);

  process.kill(trainer.pid, 'SIGCONT');
  assert.equal((await run.ended).last?.event, 'cancelled');
  await checkClean(workspace);
});
