import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { after } from 'node:test';
import type { CompletedEvent } from '../../src/client/run-events.ts';
import { killEverythingOf, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { checkSampleLogs, lastLoggedStep, readCommitted } from '../helpers/e2e-samples.ts';
import { until } from '../helpers/e2e-wait.ts';
import { installPackage, root } from '../helpers/installed-package.ts';
import { testServerEnvironment } from '../helpers/temporal-server.ts';

/** A user's model module in plain JavaScript. */
const MODEL = `
import { defineModel } from 'rootstock';
export const line = defineModel({
  name: 'line', version: '1', task: 'regression', summary: 'y = w x + b',
  hyperparameters: (zod) => zod.strictObject({}),
  defaults: { optimizer: { name: 'Adam', config: { lr: 0.1 } }, scheduler: null },
  describe: (config, { inputWidth, outputWidth }) => ({ tensors: [
    { path: 'line.weight', shape: [outputWidth, inputWidth], dtype: 'float32', kind: 'parameter', initializer: { kind: 'zeros' } },
    { path: 'line.bias', shape: [outputWidth], dtype: 'float32', kind: 'parameter', initializer: { kind: 'zeros' } },
  ] }),
  forward: (params, inputs, { ops }) => ops.linear(inputs, params['line.weight'], params['line.bias']),
  loss: (outputs, targets, ops) => ops.mseLoss(outputs, targets),
  gradientKernels: () => ['BatchMatMul', 'Multiply', 'RealDiv', 'Sub', 'Sum'],
});
`;

/** A user's program. */
const PROGRAM = `
import { createWorker, defineRun, startRun } from 'rootstock';
import { line } from './model.mjs';
const options = { stateDir: 'state', register: ['./model.mjs'] };
const worker = await createWorker(options);
const working = worker.run();
const run = await startRun(defineRun({
  name: 'packaged',
  data: { source: 'data.csv', row_id: 'id', split: { name: 'shuffle_split' } },
  model: { name: 'line', config: { x_features: ['x'], y_features: ['y'], trainer: { max_epochs: 2 }, datamodule: { train: { batch_size: 8 } } } },
  evaluation: { metrics: ['mae'] },
  output: { path: 'model' },
}, { models: [line] }), options);
console.log(JSON.stringify(await run.result()));
await run.close();
worker.shutdown();
await working;
`;

/** What only compiles when the declarations say so. */
const TYPES = `
import { buildPlan, createWorker, defineModel, defineRun, startRun, type Plan, RootstockError } from 'rootstock';
const plan: Plan = await buildPlan(defineRun({}));
// @ts-expect-error a seed is a number
const text: string = plan.seed;
export { createWorker, defineModel, RootstockError, startRun, text };
`;

const place = await installPackage();

after(place.remove);

test('the package works where it is installed: command, types, and a run with a registered model', async () => {
  const { home, project, installed, run } = place;

  // npm makes it executable when it links it, which it does once: a later build has to do it itself.
  const { mode } = await stat(join(root, 'dist/src/cli/main.js'));
  assert.equal(mode & 0o111, 0o111, 'a build leaves the command executable');

  const files = (await readdir(installed, { recursive: true })).map(String);
  assert.ok(files.includes(join('dist', 'workflow-bundle.js')));
  const foreign = files.filter((name) => /^(?:test|src|workflows|activities|dist\/test)\b|examples\/[\w-]+\/models/u.test(name));
  assert.deepEqual(foreign, [], 'neither sources, nor tests, nor what the examples trained');

  assert.match((await run('npx', ['--no-install', 'rootstock', '--help'])).stdout, /^Usage: rootstock /u);
  const schema = JSON.parse((await run('npx', ['--no-install', 'rootstock', 'schema'])).stdout) as { readonly properties: object };
  assert.ok(Object.keys(schema.properties).includes('model'));

  await writeFile(join(project, 'types.ts'), TYPES);
  await compile(project, ['types.ts']);

  const rows = Array.from({ length: 40 }, (_, row) => `${row},${row / 40},${row / 20 - 1}`);
  await writeFile(join(project, 'data.csv'), `id,x,y\n${rows.join('\n')}\n`);
  await writeFile(join(project, 'model.mjs'), MODEL);
  await writeFile(join(project, 'program.mjs'), PROGRAM);
  const { stdout } = await run(process.execPath, ['program.mjs']);
  const result = JSON.parse(stdout) as { readonly event: string; readonly output: string; readonly test: Readonly<Record<string, number>> };
  assert.equal(result.event, 'completed');
  assert.ok(Number(result.test['test/mae']) >= 0);
  const manifest = JSON.parse(await readFile(join(project, 'model', 'manifest.json'), 'utf8')) as { readonly name: string };
  assert.equal(manifest.name, 'packaged');
  await untilNoProcessOf(home);
});

/** What a stage of molecules does to a trainer. From sources it cannot be seen: tsx has opened standard error before anything else runs. */
const THREAD = `
import { once } from 'node:events';
import { keepThread } from './node_modules/rootstock/dist/src/data/graphs/builder-thread/keep-thread.js';
import { startThread } from './node_modules/rootstock/dist/src/data/graphs/builder-thread/start-thread.js';
import { hasLetGo, holdings } from './node_modules/rootstock/dist/src/trainer-process/holdings.js';
let thread;
const kept = keepThread(() => (thread = startThread()));
const before = holdings(kept);
const connection = kept.connect();
await once(thread, 'online');
const found = [await hasLetGo(before, kept)];
await connection.close();
found.push(await hasLetGo(before, kept));
await thread.terminate();
found.push(await hasLetGo(before, kept));
console.log(found.join(' '));
`;

test('a thread of batches that waits or has ended leaves nothing that keeps a built trainer from the next stage', async () => {
  const { project, run } = place;
  await writeFile(join(project, 'thread.mjs'), THREAD);
  assert.equal((await run(process.execPath, ['thread.mjs'])).stdout.trim(), 'false true true');
});

test('rootstock/model loads where no other package is: neither Temporal nor anything else', async () => {
  const { home, installed, run } = place;
  const alone = join(home, 'alone');
  await cp(installed, join(alone, 'node_modules/rootstock'), {
    recursive: true,
    filter: (path) => !path.endsWith('rootstock/node_modules'),
  });
  await writeFile(join(alone, 'print.mjs'), "console.log(Object.keys(await import('rootstock/model')).sort().join(' '));");
  const names = (await run(process.execPath, ['print.mjs'], alone)).stdout.trim().split(' ');
  for (const name of ['defineModel', 'describeSequential', 'forwardSequential', 'rootScope', 'readLoss'])
    assert.ok(names.includes(name), name);
  await writeFile(join(alone, 'print.mjs'), "import 'rootstock';");
  await assert.rejects(run(process.execPath, ['print.mjs'], alone), /ERR_MODULE_NOT_FOUND/u, 'so this place shows it');
});

/** Trains the example in a copy of it; what that copy is called is where it is. */
function startExample(copy: string): { readonly exited: Promise<unknown>; readonly completed: Promise<CompletedEvent> } {
  const command = join(place.project, 'node_modules/.bin/rootstock');
  const child = spawn(process.execPath, [command, 'run', 'run.yaml', '--register', 'land-cover.mjs', '--json'], {
    cwd: copy,
    env: { ...testServerEnvironment(), PWD: copy }, // by which its processes are found
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const completed = async () => {
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as CompletedEvent;
  };
  return { exited, completed: completed() };
}

test('the example of an own model has the types of rootstock/model, and trains; killed in its frozen stage it goes on, to the same weights', async () => {
  const { home, project, installed } = place;
  const [undisturbed, killed] = [join(project, 'undisturbed'), join(project, 'killed')];
  for (const copy of [undisturbed, killed]) await cp(join(installed, 'examples/own-model'), copy, { recursive: true });
  await compile(project, ['--allowJs', '--checkJs', 'undisturbed/land-cover.mjs']);

  const golden = await startExample(undisturbed).completed;
  const [head, everything] = golden.stages;
  assert.equal(head?.frozen_parameters, 6 * 8 + 2 * 8, 'the embedding of 6 kinds and the layer norm');
  assert.equal(head.freeze_receipt.before, head.freeze_receipt.after);
  assert.deepEqual([head.steps, everything?.frozen_parameters], [400, 0]);
  // The share of the rain that runs off is between 0.05 and 1; its mean as a guess is off by 0.25.
  assert.ok(Number(golden.test['test/mae']) < 0.1, `it learns: test/mae ${golden.test['test/mae']}`);

  const first = startExample(killed);
  const broken = assert.rejects(first.completed, 'the command was killed, it did not end by itself');
  const state = join(killed, '.rootstock');
  await until(async () => (await lastLoggedStep(state, head.stage_key)) >= 50, 'step 50 of the frozen stage');
  await killEverythingOf(killed);
  await broken;

  const again = await startExample(killed).completed;
  assert.equal(again.weights_sha256, golden.weights_sha256);
  const steps = await readCommitted(join(undisturbed, '.rootstock'), head.stage_key);
  const { attempts, repeatedSteps } = await checkSampleLogs(state, head.stage_key, steps);
  assert.equal(attempts, 2);
  assert.ok(repeatedSteps <= 20, `it went on from a snapshot, every 20 steps: ${repeatedSteps} steps were repeated`);
  await untilNoProcessOf(home);
});

/** Type-checks files of the project with this checkout's compiler. */
async function compile(project: string, files: readonly string[]): Promise<void> {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023'];
  await place.run(process.execPath, [compiler, ...options, ...files], project);
}
