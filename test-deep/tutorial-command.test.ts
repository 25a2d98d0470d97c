import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWorkspace } from '../test/helpers/e2e-workspace.ts';

const project = fileURLToPath(new URL('../', import.meta.url));

/** The file that the tutorial ships: molecules as RDKit binaries in mol_bytes. Not part of the project. */
const TRUNCATED = join(project, '../shared/reference/data/gdb9_trunc.parquet');

test("`npm run example:molecules -- --qm9 gdb9_trunc.parquet` runs physicsml's tutorial on the file that it ships", {
  skip: existsSync(TRUNCATED) ? false : 'needs ../shared/reference/data (QM9 is not committed)',
}, async (t) => {
  const { scripts } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as { scripts: Readonly<Record<string, string>> };
  assert.equal(scripts['example:molecules'], 'node --import tsx examples/molecules/main.ts');
  // A checkout of its own, so that nothing is published beside this one's examples.
  const { root, env } = await openWorkspace(t, 'transfer.yaml');
  await mkdir(join(root, 'examples'));
  await cp(join(project, 'examples/molecules'), join(root, 'examples/molecules'), {
    recursive: true,
    filter: (path) => !/molecules\/(?:data|models)$/u.test(path),
  });
  for (const name of ['src', 'node_modules', 'package.json', 'tsconfig.json']) await symlink(join(project, name), join(root, name));

  const words = ['--import', 'tsx', 'examples/molecules/main.ts', '--qm9', TRUNCATED];
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (printed += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  assert.equal(code, 0, printed);

  // One seed: the limits of test/e2e/molecules-example.test.ts, for the medians 0.035 and 0.055 Hartree.
  const [lumo = Number.NaN, u0 = Number.NaN, ...more] = [...printed.matchAll(/^test\/mae +(?<mae>[\d.]+)/gmu)].map(([, mae]) =>
    Number(mae),
  );
  t.diagnostic(`MAE of lumo ${lumo}, of u0 ${u0} Hartree`);
  assert.equal(more.length, 0, printed);
  assert.ok(lumo <= 0.0525 && u0 <= 0.0825, printed);
  assert.match(printed, /stage-1 done: 10 epochs, 60 steps[^]*stage-2 done: 4 epochs, 48 steps[^]*from-scratch done: 14 epochs/u);
  const model = join(root, 'examples/molecules/models/qm9-u0/model_config.json');
  assert.deepEqual((JSON.parse(await readFile(model, 'utf8')) as { config: { y_features: unknown } }).config.y_features, ['u0']);
});
