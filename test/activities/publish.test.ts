import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { listRunRecords } from '../../src/artifacts/run-record.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { PublishInput } from '../../src/contracts/stage-activities.ts';
import { stageKey } from '../../src/plan/stage-key.ts';
import { runStage, runStages } from '../../workflows/run-stages.ts';
import { type ActivityRun, attempt, documentWith, makeRun, prepare, stepsOf, UNOBSERVED } from './support.ts';

/** Two stages of two steps, and the baseline's four. */
const SHORT = documentWith(
  { max_epochs: 1, limit_train_batches: 2, log_every_n_steps: 1 },
  { evaluation: { metrics: ['accuracy'], baseline: 'from_scratch' } },
);

/** A run up to its publication. */
async function readyToPublish(t: TestContext): Promise<{ readonly run: ActivityRun; readonly input: PublishInput }> {
  const run = await makeRun(t, SHORT);
  const { summary, loaded, matched } = await prepare(run);
  const steps = stepsOf(run);
  const stages = await runStages({ summary, data: loaded.data, initialWeights: matched.weights, finished: [] }, steps, UNOBSERVED);
  assert.ok(summary.baseline !== null);
  const baseline = await runStage(
    { plan: summary.plan, data: loaded.data, stage: summary.baseline, inputWeights: null },
    steps,
    UNOBSERVED,
  );
  const { data, preTrained } = loaded;
  return {
    run,
    input: {
      plan: summary.plan,
      data,
      stages,
      baseline,
      baselineError: null,
      preTrained,
      matchReport: matched.report,
      startedAt: '2026-11-27T10:00:00.000Z',
    },
  };
}

test('a run is published whole: model, manifest, metrics, test metrics; a second time nothing changes', async (t) => {
  const { run, input } = await readyToPublish(t);
  const heldOut = attempt(run, { workflowExecution: { workflowId: 'e2e-run', runId: 'run-1' } });
  const result = await heldOut.publish(input);
  assert.equal(result.output, join(run.root, 'models', 'e2e-run'));
  assert.deepEqual((await readdir(result.output)).sort(), ['manifest.json', 'metrics.csv', 'model_config.json', 'weights.safetensors']);

  const weights = await readFile(join(result.output, 'weights.safetensors'));
  assert.equal(createHash('sha256').update(weights).digest('hex'), result.weightsSha256);
  assert.equal(result.weightsSha256, input.stages[1]?.weights.digest, 'the last stage is the result');
  for (const metrics of [result.test, result.baseline?.test ?? {}]) {
    const accuracy = Number(metrics['test/accuracy']);
    assert.ok(accuracy >= 0 && accuracy <= 1);
    assert.ok(Number.isInteger(Math.round(accuracy * 48 * 1e6) / 1e6), 'a share of the 48 test rows');
  }

  const config = JSON.parse(await readFile(join(result.output, 'model_config.json'), 'utf8')) as JsonObject;
  assert.equal(config.name, 'e2e_classifier');
  assert.deepEqual((config.config as JsonObject).classes, [0, 1, 2], 'with the label mapping');
  assert.deepEqual((config.config as JsonObject).y_features, ['label']);

  const manifest = JSON.parse(await readFile(join(result.output, 'manifest.json'), 'utf8')) as Record<string, unknown> & {
    readonly stages: readonly { readonly stage_key: string; readonly key_document: JsonObject; readonly name: string }[];
    readonly pre_trained: JsonObject;
    readonly data: Readonly<Record<string, JsonObject>>;
    readonly files: JsonObject;
  };
  assert.equal(manifest.weights_sha256, result.weightsSha256);
  assert.equal(manifest.plan_sha256, input.plan.digest);
  assert.deepEqual(manifest.test, result.test);
  assert.deepEqual(manifest.pre_trained, {
    path: join(run.root, 'pretrained'),
    weights_sha256: input.preTrained?.digest,
    match_report_sha256: input.matchReport?.digest,
  });
  assert.deepEqual(manifest.data.train, { rows: 240, sha256: input.data.train?.digest });
  for (const stage of manifest.stages)
    assert.equal(stageKey(stage.key_document), stage.stage_key, `the key of ${stage.name} explains itself`);

  const csv = (await readFile(join(result.output, 'metrics.csv'), 'utf8')).trimEnd().split('\n');
  assert.equal(csv[0], 'stage,epoch,step,name,value');
  const rows = csv.slice(1).map((line) => line.split(','));
  assert.ok(rows.every((row) => row.length === 5 && Number.isFinite(Number(row[4]))));
  assert.deepEqual([...new Set(rows.map(([stage]) => stage))], ['head', 'everything', 'from-scratch']);
  assert.deepEqual([...new Set(rows.filter(([stage]) => stage === 'head').map((row) => row[2]))], ['1', '2']);

  const { ino, mtimeMs } = await stat(result.output);
  const again = await attempt(run, { attempt: 2, workflowExecution: { workflowId: 'e2e-run', runId: 'run-1' } }).publish(input);
  assert.deepEqual(again, result);
  const after = await stat(result.output);
  assert.deepEqual([after.ino, after.mtimeMs], [ino, mtimeMs], 'the directory is the same one');
  assert.deepEqual(await readdir(dirname(result.output)), ['e2e-run'], 'nothing staged or old is left');

  const records = await listRunRecords(run.deps.store);
  assert.deepEqual(
    records.map(({ workflowId, runId, startedAt }) => ({ workflowId, runId, startedAt })),
    [{ workflowId: 'e2e-run', runId: 'run-1', startedAt: input.startedAt }],
  );
  assert.deepEqual(records[0]?.result, result);

  // Somebody puts something else there between planning and publication.
  const other = join(run.root, 'models', 'e2e-run', 'manifest.json');
  await writeFile(other, '{}');
  await assert.rejects(attempt(run).publish(input), { type: 'OUTPUT_EXISTS', nonRetryable: true });
  assert.equal(await readFile(other, 'utf8'), '{}', 'and it stays');
});
