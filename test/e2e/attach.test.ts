import assert from 'node:assert/strict';
import test from 'node:test';
import { checkClean, checkGolden, toCompleted, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { findProcesses } from '../helpers/e2e-processes.ts';
import { makeWorkspace, runDocument, STAGES, withDelay, writeRun } from '../helpers/e2e-workspace.ts';

const CHANGED = runDocument({ secondOptimizer: { name: 'SGD', config: { lr: 0.05 } } });

test('the same command attaches to a running run, and both end with its result; when it is completed it is printed at once', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const first = startCli(withDelay(workspace, 150), runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 1);
  const second = startCli(workspace, runWords(workspace));
  await second.waitFor('attached');
  assert.equal(findProcesses(workspace.root, 'trainer-process').length, 1, 'nothing is trained twice');
  for (const end of await Promise.all([first.ended, second.ended])) await checkGolden(end, { workspace, golden, kills: [0, 0] });

  const third = await runCli(workspace, runWords(workspace));
  assert.deepEqual(
    third.events.map(({ event }) => event).filter((event) => event === 'reused' || event === 'completed' || event === 'stage'),
    ['reused', 'completed'],
  );
  await checkGolden(third, { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});

test('a running run with another configuration is refused naming the difference; --replace saves it and starts; equal stages are reused', async (t) => {
  const [golden, changed] = [await goldenOf(runDocument()), await goldenOf(CHANGED)];
  const workspace = await makeWorkspace(t);
  const first = startCli(withDelay(workspace, 400), runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 1);

  await writeRun(workspace.runFile, CHANGED);
  const refused = await runCli(workspace, runWords(workspace));
  assert.equal(refused.code, 2);
  assert.equal(refused.last?.['code'], 'RUN_CONFLICT');
  assert.match(String(refused.last?.['message']), /model\.config\.transfer_learning\.stages\.1\.optimizer/);

  const replaced = await runCli(workspace, runWords(workspace, '--replace'));
  assert.equal((await first.ended).last?.event, 'cancelled');
  await checkGolden(replaced, { workspace, golden: changed, kills: [0, 0] });

  // Completed, and now the file is the first one again: stage 1 is the same stage, stage 2 is not.
  await writeRun(workspace.runFile, runDocument());
  const back = await runCli(workspace, runWords(workspace));
  const { stages } = await checkGolden(back, { workspace, golden, kills: [0, 0] });
  assert.deepEqual(
    stages.map(({ cached }) => cached),
    [true, false],
  );
  const miss = back.events.find(({ event, stage, state }) => event === 'stage' && stage === STAGES[1] && state === 'train');
  assert.match(String(miss?.['miss_reason']), /optimizer/, 'it says which key of stage 2 differs');
  await checkClean(workspace);
});

test('--replace saves and closes a run that was interrupted, and so has no worker, before it starts', async (t) => {
  const golden = await goldenOf(CHANGED);
  const workspace = await makeWorkspace(t);
  const first = startCli(workspace, runWords(workspace));
  await first.waitFor('stage');
  first.interrupt();
  assert.equal((await first.ended).code, 130);

  await writeRun(workspace.runFile, CHANGED);
  const replaced = await runCli(workspace, runWords(workspace, '--replace'));
  // What it waits for is told before, where that takes longer than a moment.
  assert.equal(replaced.events.find(({ event }) => event !== 'waiting')?.event, 'started');
  // No kill: the snapshots that were saved before are of the very step at which it stopped.
  await checkGolden(replaced, { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});

test('two runs with an equal stage train it once: the second waits for the first, and says so', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const twin = { ...workspace, runFile: `${workspace.root}/twin.yaml` };
  await writeRun(twin.runFile, runDocument({ name: 'e2e-twin' }));
  const first = startCli(withDelay(workspace, 150), runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 1);
  const second = startCli(workspace, runWords(twin));
  await second.waitFor('waiting', ({ reason }) => String(reason).includes('"e2e-run"'));
  await checkGolden(await first.ended, { workspace, golden, kills: [0, 0] });
  const end = await second.ended;
  await checkGolden(end, { workspace, golden, kills: [0, 0] });
  assert.equal(toCompleted(end.last).workflow_id, 'e2e-twin');
  await checkClean(workspace);
});
