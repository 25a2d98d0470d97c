import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import type { Fault } from '../helpers/e2e-model.ts';
import {
  makeWorkspace,
  POISON_ROW,
  RUN_NAME,
  runDocument,
  SNAPSHOT_STEPS,
  STAGES,
  type Workspace,
  withDelay,
} from '../helpers/e2e-workspace.ts';

test('a loss that is not finite parks the run with its code and the commands that go on; retry ends with the golden weights', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const cli = startCli(workspace, runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 60);
  await setFault(workspace, 'nan'); // from now on: stage 2 fails
  const parked = await cli.ended;
  assert.equal(parked.code, 1);
  assert.equal(parked.last?.event, 'needs_attention', JSON.stringify(parked.last));
  assert.equal(parked.last?.['code'], 'NON_FINITE_LOSS');
  assert.equal(parked.last?.['stage'], STAGES[1]);
  await checkClean(workspace);

  const attached = await runCli(workspace, ['run', workspace.runFile]);
  assert.equal(attached.code, 1, 'the same command says again why the run waits');
  for (const words of ['NON_FINITE_LOSS', `rootstock retry ${RUN_NAME}`, `rootstock abort ${RUN_NAME}`])
    assert.ok(attached.stdout.includes(words), `${words} in:\n${attached.stdout}`);

  await rm(workspace.faultFile);
  // No kill: the trainer goes on from its last snapshot, which is at most an interval old.
  await checkGolden(await runCli(workspace, ['retry', RUN_NAME, '--json']), { workspace, golden, kills: [0, 1] });
  await checkClean(workspace);
});

test('a step that kills its trainer each time parks the run as NO_PROGRESS naming the step; abort ends it as failed', async (t) => {
  const golden = await goldenOf(runDocument());
  const poisonStep = golden.stages[0]?.log.find(({ rows }) => rows.includes(POISON_ROW))?.step ?? 0;
  assert.ok(poisonStep > SNAPSHOT_STEPS, 'there are snapshots before the poison row');
  const workspace = await makeWorkspace(t);
  await setFault(workspace, 'kill');
  const parked = await runCli(workspace, runWords(workspace));
  assert.equal(parked.code, 1);
  assert.equal(parked.last?.event, 'needs_attention', JSON.stringify(parked.last));
  assert.equal(parked.last?.['code'], 'NO_PROGRESS');
  assert.match(String(parked.last?.['message']), new RegExp(`\\bstep ${poisonStep} \\(`));

  const aborted = await runCli(workspace, ['abort', RUN_NAME, '--json']);
  assert.equal(aborted.code, 0, aborted.stdout);
  const ended = (await runCli(workspace, ['list', '--json'])).last?.['runs'] as readonly Record<string, string>[];
  assert.deepEqual(
    ended.map(({ status }) => status),
    ['failed'],
  );

  await rm(workspace.faultFile);
  const again = await runCli(workspace, runWords(workspace));
  assert.equal(again.events[0]?.event, 'started', 'an aborted run is not attached to');
  // Two attempts came as far as the poison row without a snapshot of their own: what they had done was done again.
  await checkGolden(again, { workspace, golden, kills: [2, 0] });
  await checkClean(workspace);
});

test('retry and abort of a run that waits for nobody are refused, and the run goes on', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  // Slow: commands come and go while the run stays where it is.
  const slow = startCli(withDelay(workspace, 1_000), runWords(workspace));
  await slow.waitFor('progress');
  for (const refused of await Promise.all(['retry', 'abort'].map((command) => runCli(workspace, [command, RUN_NAME, '--json'])))) {
    assert.equal(refused.last?.['code'], 'RUN_NOT_PARKED', refused.stdout);
    assert.equal(refused.code, 2);
  }
  slow.interrupt();
  assert.equal((await slow.ended).code, 130);
  await checkGolden(await runCli(workspace, runWords(workspace)), { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});

async function setFault({ faultFile }: Workspace, fault: Fault): Promise<void> {
  await writeFile(faultFile, fault);
}
