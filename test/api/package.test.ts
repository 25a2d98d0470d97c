import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { killEverythingOf, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { testServerEnvironment } from '../helpers/temporal-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Longer than a busy machine needs to install 170 packages; a hang ends here. */
const TIMEOUT_MS = 300_000;

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

test('the package works where it is installed: command, types, and a run with a registered model', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'rootstock-package-'));
  const project = join(home, 'project');
  t.after(async () => {
    await killEverythingOf(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });
  const run = (command: string, args: readonly string[], cwd = project) =>
    promisify(execFile)(command, args, { cwd, env: testServerEnvironment(), timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 });
  if (!existsSync(join(root, 'dist/workflow-bundle.js'))) await run(process.execPath, [join(root, 'ops/build.mjs')], root);

  // npm makes it executable when it links it, which it does once: a later build has to do it itself.
  const { mode } = await stat(join(root, 'dist/src/cli/main.js'));
  assert.equal(mode & 0o111, 0o111, 'a build leaves the command executable');

  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{"name":"project","version":"1.0.0","private":true,"type":"module"}');
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', home], root);
  const [tarball = ''] = (await readdir(home)).filter((name) => name.endsWith('.tgz'));
  await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', join(home, tarball)]);

  const installed = join(project, 'node_modules/rootstock');
  const files = (await readdir(installed, { recursive: true })).map(String);
  assert.ok(files.includes(join('dist', 'workflow-bundle.js')));
  const foreign = files.filter((name) => /^(?:test|src|workflows|activities|dist\/test)\b|examples\/\w+\/models/u.test(name));
  assert.deepEqual(foreign, [], 'neither sources, nor tests, nor what the examples trained');

  assert.match((await run('npx', ['--no-install', 'rootstock', '--help'])).stdout, /^Usage: rootstock /u);
  const schema = JSON.parse((await run('npx', ['--no-install', 'rootstock', 'schema'])).stdout) as { readonly properties: object };
  assert.ok(Object.keys(schema.properties).includes('model'));

  await writeFile(join(project, 'types.ts'), TYPES);
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [
    compiler,
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    'types.ts',
  ]);

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
