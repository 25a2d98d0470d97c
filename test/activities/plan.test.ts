import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { planRun } from '../../src/planner/plan-run.ts';
import { preTrainingDocument, runDocument, writeRun } from '../helpers/e2e-workspace.ts';
import { attempt, makeRun } from './support.ts';

test('planning on the worker reaches the digest that the client reached, and sums the plan up', async (t) => {
  const run = await makeRun(t);
  const { planDigest, plan } = await planRun(run.document, { models: run.deps.models, cacheDir: null });
  const summary = await attempt(run).plan({ run: run.document, expectedPlanDigest: planDigest });
  assert.equal(summary.planDigest, planDigest);
  assert.equal(summary.plan.digest, planDigest, 'the stored plan is its own digest');
  assert.equal(summary.runDigest, plan.runDigest);
  assert.deepEqual(
    summary.stages.map(({ name, totalSteps, maxEpochs }) => ({ name, totalSteps, maxEpochs })),
    [
      { name: 'head', totalSteps: 60, maxEpochs: 2 },
      { name: 'everything', totalSteps: 60, maxEpochs: 2 },
    ],
  );
  assert.ok((summary.stages[0]?.frozenParameters ?? 0) > 0);
  assert.equal(summary.stages[1]?.frozenParameters, 0);
  assert.deepEqual([summary.child, summary.baseline], [null, null]);
});

test('data that changed between client and worker is PLAN_DRIFT, and a retry does not help', async (t) => {
  const run = await makeRun(t);
  const { planDigest } = await planRun(run.document, { models: run.deps.models, cacheDir: null });
  await appendFile(join(run.root, 'train.csv'), 'train-new,1,2,3,4,5,6,7,8,1\n');
  await assert.rejects(attempt(run).plan({ run: run.document, expectedPlanDigest: planDigest }), {
    type: 'PLAN_DRIFT',
    nonRetryable: true,
  });
});

test('a run file that makes the pre-trained model comes along as a child, with what it needs to be planned anywhere', async (t) => {
  const run = await makeRun(t, runDocument({ preTrained: 'pretrain.yaml' }));
  await writeRun(join(run.root, 'pretrain.yaml'), preTrainingDocument('parent-model'));
  const { child } = await attempt(run).plan({ run: run.document, expectedPlanDigest: null });
  assert.ok(child !== null);
  assert.equal(child.name, 'parent-model');
  assert.match(child.reason, /not there/u);
  assert.equal(child.run.baseDir, run.root);
  const alone = await attempt(run).plan({ run: child.run, expectedPlanDigest: null });
  assert.equal(alone.runDigest, child.runDigest);
});

test('an error in the run file arrives with its code', async (t) => {
  const run = await makeRun(t);
  const config = { ...run.document.config, sede: 1 };
  await assert.rejects(attempt(run).plan({ run: { ...run.document, config }, expectedPlanDigest: null }), {
    type: 'CONFIG_INVALID',
    nonRetryable: true,
    message: /sede/u,
  });
});
