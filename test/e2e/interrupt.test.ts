import assert from 'node:assert/strict';
import test from 'node:test';
import type { PendingActivity } from '../../src/client/pending-activity.ts';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { MODEL_MODULE, makeWorkspace, RUN_NAME, runDocument, withDelay } from '../helpers/e2e-workspace.ts';

test('Ctrl-C saves, says how to go on, leaves the run open and nothing running; the same command attaches and finishes', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const cli = startCli(workspace, ['run', workspace.runFile]);
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 23);
  cli.interrupt();
  const interrupted = await cli.ended;
  assert.equal(interrupted.code, 130, interrupted.stdout + interrupted.stderr);
  // What is printed can be pasted: it has the state directory and the models that this command was given.
  const globals = `--state ${workspace.stateDir} --register ${MODEL_MODULE}`;
  assert.ok(interrupted.stdout.includes(`\n  rootstock run ${workspace.runFile} ${globals}\n`), interrupted.stdout);
  assert.ok(interrupted.stdout.endsWith(`\n  rootstock cancel ${RUN_NAME} ${globals}\n`), interrupted.stdout);
  assert.match(interrupted.stderr, /Interrupted: saving a snapshot/u);
  await checkClean(workspace);

  // Whoever looks at it is told why nothing moves, and changes nothing: the attempt is still the one that waits.
  const look = async () => (await runCli(workspace, ['status', RUN_NAME, '--json'])).last;
  await look();
  const { workers, activities } = (await look()) as unknown as { workers: unknown; activities: readonly PendingActivity[] };
  assert.deepEqual(workers, []);
  const [train, ...others] = activities;
  assert.deepEqual(others, []);
  assert.deepEqual([train?.activity, train?.state, train?.attempt, train?.last_failure?.kind], ['train', 'scheduled', 2, 'worker_stopped']);

  // Slow enough that the rest of the stage is seen: where it goes on from is told by a heartbeat.
  const again = await runCli(withDelay(workspace, 200), runWords(workspace));
  assert.equal(again.events[0]?.event, 'attached');
  assert.ok(Number(again.events.find(({ event }) => event === 'resumed')?.['step']) >= 23, 'it says from which snapshot it goes on');
  // No kill: the snapshot that was saved is of the very step at which it stopped.
  await checkGolden(again, { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});
