import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import test from 'node:test';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { findProcesses, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { makeWorkspace, RUN_NAME, runDocument } from '../helpers/e2e-workspace.ts';

test('a detached run goes on without its command, is seen by status and list, and its worker ends with it', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const { code, last } = await runCli(workspace, runWords(workspace, '--detach'));
  assert.equal(code, 0);
  assert.equal(last?.event, 'detached');
  assert.deepEqual(
    findProcesses(workspace.root, 'worker').map(({ pid }) => pid),
    [last?.['worker_pid']],
  );
  const log = String(last?.['log']);
  assert.equal(basename(log), `worker-${String(last?.['worker_pid'])}.log`, 'named after the process that writes it');
  assert.ok(existsSync(log));

  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 1);
  const status = (await runCli(workspace, ['status', RUN_NAME, '--json'])).last;
  assert.equal(status?.['status'], 'running');
  const listed = (await runCli(workspace, ['list', '--json'])).last?.['runs'] as readonly Record<string, string>[];
  assert.deepEqual(
    listed.map((row) => [row['workflow_id'], row['status']]),
    [[RUN_NAME, 'running']],
  );

  await untilNoProcessOf(workspace.root);
  const again = await runCli(workspace, runWords(workspace));
  assert.equal(again.events[0]?.event, 'reused', 'it is completed');
  await checkGolden(again, { workspace, golden, kills: [0, 0] });
  const after = (await runCli(workspace, ['status', RUN_NAME, '--json'])).last;
  assert.equal(after?.['status'], 'completed');
  const logs = after?.['sample_logs'] as readonly { readonly stage_key: string }[];
  assert.deepEqual(
    logs.map((log) => log.stage_key),
    golden.stages.map(({ stageKey }) => stageKey),
  );
  await checkClean(workspace);
});
