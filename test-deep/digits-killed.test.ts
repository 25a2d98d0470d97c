import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CompletedEvent } from '../src/client/run-events.ts';
import { stateLayout } from '../src/contracts/state-directory.ts';
import { randomStream } from '../src/random/stream.ts';
import { checkClean, toCompleted, untilStep } from '../test/helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../test/helpers/e2e-cli.ts';
import { killEverythingOf } from '../test/helpers/e2e-processes.ts';
import { checkSampleLogs, readCommitted } from '../test/helpers/e2e-samples.ts';
import { removeWorkspace, type Workspace } from '../test/helpers/e2e-workspace.ts';
import { testServerEnvironment } from '../test/helpers/temporal-server.ts';

const SEED = Number(process.env['ROOTSTOCK_E2E_SEED'] ?? 1);

/** What both example files train on; `gpu` in tensorflow.test.ts. */
const ACCELERATOR = process.env['ROOTSTOCK_DEEP_ACCELERATOR'] ?? 'auto';

/** `snapshot: {every_steps: 10}` in both example files. */
const INTERVAL = 10;

test(`the digits example, killed with kill -9 in its pre-training, each stage and its baseline (seed ${SEED}, accelerator ${ACCELERATOR}), ends as an undisturbed one`, async (t) => {
  const calm = await exampleWorkspace(t);
  const golden = toCompleted((await runCli(calm, runWords(calm))).last);
  const stageKeys = await keysInOrder(calm, golden);
  assert.equal(stageKeys.length, 4, 'pre-training, two stages, baseline');

  const killed = await exampleWorkspace(t);
  const random = randomStream(SEED, 'digits-killed');
  const kills = stageKeys.map(() => 0);
  // Five: the last stage of the transfer twice.
  for (const index of [0, 1, 2, 2, 3]) {
    const stageKey = stageKeys[index] ?? '';
    const steps = (await readCommitted(calm.stateDir, stageKey)).length;
    const part = kills[index] === 0 ? 0 : 0.5;
    const step = 1 + Math.floor(steps * (part + 0.45 * random.uniform()));
    t.diagnostic(`stage ${index + 1} of ${stageKeys.length}: killed after step ${step} of ${steps}`);
    const cli = startCli(killed, runWords(killed));
    await untilStep(killed, stageKey, step);
    await killEverythingOf(killed.root);
    assert.equal((await cli.ended).code, null, 'the command was killed, it did not end by itself');
    kills[index] = (kills[index] ?? 0) + 1;
  }
  const end = await runCli(killed, runWords(killed));
  assert.equal(end.code, 0, end.stdout);
  const { output: _, stages, ...completed } = toCompleted(end.last);
  const { output: __, stages: goldenStages, ...goldenRest } = golden;
  assert.deepEqual(completed, goldenRest, 'weights, test metrics and the baseline are golden');
  assert.deepEqual(stages, goldenStages);
  for (const [index, stageKey] of stageKeys.entries()) {
    const { repeatedSteps } = await checkSampleLogs(killed.stateDir, stageKey, await readCommitted(calm.stateDir, stageKey));
    assert.ok(repeatedSteps <= INTERVAL * (kills[index] ?? 0), `stage ${index + 1} repeated ${repeatedSteps} steps`);
  }
  await checkClean(killed);
});

/** The example's run files beside the installed digits, as in a checkout. */
async function exampleWorkspace(t: TestContext): Promise<Workspace> {
  const repository = fileURLToPath(new URL('..', import.meta.url));
  const root = await mkdtemp(join(tmpdir(), 'rootstock-digits-'));
  const directory = join(root, 'examples', 'digits');
  const workspace: Workspace = {
    root,
    stateDir: join(root, 'state'),
    runFile: join(directory, 'transfer.yaml'),
    faultFile: join(root, 'fault'),
    env: { ...testServerEnvironment(), ROOTSTOCK_E2E_WORKSPACE: root },
  };
  t.after(() => removeWorkspace(workspace));
  await mkdir(directory, { recursive: true });
  for (const file of ['pretrain.yaml', 'transfer.yaml']) {
    const written = await readFile(join(repository, 'examples', 'digits', file), 'utf8');
    const trained = written.replace('    trainer: {', `    trainer: { accelerator: ${ACCELERATOR},`);
    assert.notEqual(trained, written);
    await writeFile(join(directory, file), trained);
  }
  await symlink(join(repository, 'node_modules'), join(root, 'node_modules'));
  return workspace;
}

/** Stage keys in the order of training: what is in the sample logs and not in the result is the pre-training's. */
async function keysInOrder({ stateDir }: Workspace, { stages, baseline }: CompletedEvent): Promise<readonly string[]> {
  const own = [...stages.map(({ stage_key }) => stage_key), ...(baseline === null ? [] : [baseline.stage_key])];
  const child = (await readdir(stateLayout(stateDir).samples)).filter((key) => !own.includes(key));
  return [...child, ...own];
}
