import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../', import.meta.url));

test('docs/from-physicsml.md works from top to bottom, as a new user types it', async (t) => {
  const checkout = await mkdtemp(join(tmpdir(), 'rootstock-from-physicsml-'));
  t.after(() => rm(checkout, { recursive: true, force: true, maxRetries: 10 }));
  await run('git', ['checkout-index', '--all', `--prefix=${checkout}/`], { cwd: root });
  // What the page asks for first: it installs what package-lock.json says, and builds.
  await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: checkout, maxBuffer: 1 << 26 });
  const page = await readFile(join(checkout, 'docs/from-physicsml.md'), 'utf8');
  const commands = [...page.matchAll(/```sh\n(?<block>.*?)```/gsu)].map((match) => match.groups?.['block'] ?? '');
  assert.ok(commands.length >= 6);
  const { stdout } = await run('bash', ['-euc', commands.join('\n')], { cwd: checkout, maxBuffer: 1 << 26 });
  assert.match(stdout, /stage-2 done/u);
  const predictions = await readFile(join(checkout, 'predictions.csv'), 'utf8');
  assert.deepEqual(predictions.trimEnd().split('\n').length, 401);
  assert.match(predictions, /^energy\n/u);
  const exported = JSON.parse(await readFile(join(checkout, 'models/for-physicsml/model_config.json'), 'utf8')) as { name: string };
  assert.equal(exported.name, 'egnn_model');
});
