import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { findProcesses, killProcess, type ProcessKind } from '../helpers/e2e-processes.ts';
import { makeWorkspace, runDocument, type Workspace } from '../helpers/e2e-workspace.ts';

/** In the middle of the stage and of a snapshot interval. */
const MOMENTS = [23, 38] as const;

/** Runs to the end while `kill` strikes once in each stage. */
async function runWithKills(t: TestContext, kill: (workspace: Workspace) => Promise<void>): Promise<void> {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const cli = startCli(workspace, runWords(workspace));
  for (const [index, step] of MOMENTS.entries()) {
    const stageKey = golden.stages[index]?.stageKey ?? '';
    await untilStep(workspace, stageKey, step);
    await kill(workspace);
  }
  await checkGolden(await cli.ended, { workspace, golden, kills: [1, 1] });
  await checkClean(workspace);
}

test('a trainer that is killed in stage 1 and in stage 2 changes no bit of the result', (t) =>
  runWithKills(t, (workspace) => killOne(workspace, 'trainer-process')));

test('a worker that is killed in stage 1 and in stage 2 changes no bit of the result', (t) =>
  runWithKills(t, (workspace) => killOne(workspace, 'worker')));

test('a server that is killed in stage 1 and in stage 2 changes no bit of the result', (t) =>
  runWithKills(t, (workspace) => killOne(workspace, 'server')));

test("a server's supervisor that is killed in stage 1 and in stage 2 changes no bit of the result", (t) =>
  runWithKills(t, (workspace) => killOne(workspace, 'supervisor')));

test('a command that is killed leaves nothing running and nothing lost: the same command attaches and goes on', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const cli = startCli(workspace, runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', MOMENTS[0]);
  await killProcess(workspace.root, cli.pid);
  await checkClean(workspace);
  const again = await runCli(workspace, runWords(workspace));
  assert.equal(again.events[0]?.event, 'attached');
  // No kill: the worker lost its command, and had its trainer save before both ended.
  await checkGolden(again, { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});

async function killOne({ root }: Workspace, what: ProcessKind): Promise<void> {
  const [found] = findProcesses(root, what);
  assert.ok(found, `there is a ${what} to kill`);
  await killProcess(root, found.pid);
}
