import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { buildPlan, createWorker, defineRun, RootstockError, type RunEvent, startRun } from '../../src/index.ts';
import { untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { linearModel } from './linear-model.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') }); // the default tells of every worker's life

/** Path of a module that a user registers. */
const MODULE = fileURLToPath(new URL('./linear-model.ts', import.meta.url));

/** Rows of y = 2 a - b + 0.5. */
function table(rows: number): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const [a, b] = [Math.sin(row), Math.cos(3 * row)];
    return `${row},${a},${b},${2 * a - b + 0.5}`;
  });
  return `id,a,b,y\n${lines.join('\n')}\n`;
}

/** A directory with data; the end of the test removes it. */
async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-api-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  await writeFile(join(directory, 'data.csv'), table(80));
  return directory;
}

const CONFIG = {
  name: 'line',
  seed: 1,
  data: { source: 'data.csv', row_id: 'id', split: { name: 'shuffle_split' } },
  model: {
    name: 'linear_model',
    config: {
      x_features: ['a', 'b'],
      y_features: ['y'],
      datamodule: { train: { batch_size: 8 } },
      optimizer: { config: { lr: 0.1 } },
      trainer: { max_epochs: 20 },
    },
  },
  evaluation: { metrics: ['mae'] },
  output: { path: 'model' },
};

const YAML = `
name: line
seed: 1
data: {source: data.csv, row_id: id, split: {name: shuffle_split}}
model:
  name: linear_model
  config:
    x_features: [a, b]
    y_features: [y]
    datamodule: {train: {batch_size: 8}}
    optimizer: {config: {lr: 0.1}}
    trainer: {max_epochs: 20}
evaluation: {metrics: [mae]}
output: {path: model}
`;

test('a run file and an object of the same content give the same plan and the same run digest', async (t) => {
  const directory = await makeDirectory(t);
  const options = { stateDir: join(directory, 'state'), register: [MODULE] };
  await writeFile(join(directory, 'run.yaml'), YAML);
  const fromFile = await buildPlan(join(directory, 'run.yaml'), options);
  const fromCode = await buildPlan(defineRun(CONFIG, { baseDir: directory, models: [linearModel] }), options);
  assert.deepEqual(fromCode, fromFile);
  assert.match(fromCode.runDigest, /^[0-9a-f]{64}$/u);
  assert.equal(fromCode.stages[0]?.trainer.maxEpochs, 20);
  const otherSeed = await buildPlan(defineRun({ ...CONFIG, seed: 2 }, { baseDir: directory, models: [linearModel] }), options);
  assert.notEqual(otherSeed.runDigest, fromCode.runDigest);
});

test('an object is validated as strictly as a file: every problem at once, by dotted path', () => {
  assert.throws(
    () => defineRun({ ...CONFIG, sede: 1, seed: 'x' }, { models: [linearModel] }),
    (error) =>
      error instanceof RootstockError && error.code === 'CONFIG_INVALID' && /sede/u.test(error.message) && /seed/u.test(error.message),
  );
  assert.throws(() => defineRun(CONFIG), { code: 'UNKNOWN_MODEL' }, 'a model of which it was not told');
});

test('a run of a registered model goes from an object to a result, and a second start finds it done', async (t) => {
  const directory = await makeDirectory(t);
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_') && name !== 'TEMPORAL_CLI_PATH') delete process.env[name];
  process.env.ROOTSTOCK_LINGER_MS = '300'; // of the embedded server
  const options = { stateDir: join(directory, 'state'), register: [MODULE] };

  const worker = await createWorker(options);
  const working = worker.run();
  try {
    const document = defineRun(CONFIG, { baseDir: directory, models: [linearModel] });
    const run = await startRun(document, options);
    const events: RunEvent['event'][] = [];
    for await (const { event } of run.events()) events.push(event);
    const { output, test: metrics, stages } = await run.result();
    assert.equal((await run.status())?.phase, 'completed');
    await run.close();

    assert.equal(output, join(directory, 'model'));
    assert.ok(Number(metrics['test/mae']) < 0.05, `the line is found: mean absolute error ${metrics['test/mae']}`);
    assert.equal(stages.length, 1);
    assert.ok(events.includes('stage_done'));
    assert.equal(events.at(-1), 'completed');

    const again = await startRun(document, options);
    assert.equal(again.runId, run.runId, 'the same run digest: nothing is trained again');
    assert.deepEqual((await again.result()).stages, stages);
    await again.close();
  } finally {
    worker.shutdown();
    await working;
    await untilNoProcessOf(directory);
  }
});
