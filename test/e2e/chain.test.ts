import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { checkClean, toCompleted } from '../helpers/e2e-checks.ts';
import { runCli, runWords } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { makeWorkspace, preTrainingDocument, runDocument, withDelay, writeRun } from '../helpers/e2e-workspace.ts';

test('each stage starts from the checkpoint of the one before: another learning rate in stage 1 alone changes stage 2', async () => {
  const [golden, altered] = [await goldenOf(runDocument()), await goldenOf(runDocument({ lr: [0.02, 0.002] }))];
  for (const index of [0, 1]) assert.notEqual(altered.stages[index]?.weights.digest, golden.stages[index]?.weights.digest);
  assert.notEqual(altered.stages[1]?.stageKey, golden.stages[1]?.stageKey);
});

test('a run file as pre-trained model runs first as a child, and not again while its output is there', async (t) => {
  const workspace = withDelay(await makeWorkspace(t, runDocument({ preTrained: 'pretrain.yaml' })), 0);
  await writeRun(join(workspace.root, 'pretrain.yaml'), preTrainingDocument('e2e-pretrain'));
  const first = await runCli(workspace, runWords(workspace));
  const completed = toCompleted(first.last);
  const child = first.events.find(({ event }) => event === 'child');
  assert.equal(child?.['child'], 'e2e-run/e2e-pretrain');

  await rm(completed.output, { recursive: true });
  const second = await runCli(workspace, runWords(workspace));
  assert.equal(toCompleted(second.last).weights_sha256, completed.weights_sha256);
  assert.deepEqual(
    toCompleted(second.last).stages.map(({ cached }) => cached),
    [true, true],
  );
  assert.equal(
    second.events.find(({ event }) => event === 'child'),
    undefined,
    'the output of the pre-training is there',
  );
  await checkClean(workspace);
});
