import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { generateData } from '../../examples/molecules/generate-data.ts';
import { runCli } from '../helpers/e2e-cli.ts';
import { maeOf, moleculesWorkspace, QM9, runFile, runTutorial } from '../helpers/molecules-example.ts';

test('the molecules example runs from nothing: makes molecules, pre-trains, transfers, and predicts SD files with its stored featurisation', async (t) => {
  const workspace = await moleculesWorkspace(t);
  const data = join(workspace.root, 'data');
  await generateData(data, () => undefined, { estimates: 100, energies: 220 }); // stage 1 needs a batch of 128
  const result = await runFile(workspace, 'transfer.yaml');
  assert.deepEqual(
    result.stages.map(({ name, steps }) => [name, steps]),
    [
      ['stage-1', 10],
      ['stage-2', 8],
    ],
  );
  assert.ok(maeOf(result.test) > 0 && maeOf(result.baseline?.test) > 0);

  const out = join(workspace.root, 'predictions.csv');
  const words = ['predict', '--model', join(workspace.root, 'models', 'energy'), '--data', join(data, 'energies.sdf'), '--out', out];
  const end = await runCli(workspace, words);
  assert.equal(end.code, 0, `${end.stdout}\n${end.stderr}`);
  assert.doesNotMatch(end.stderr, /Warning/u, 'nothing is wrong with the configuration that a run saves');
  const [header, ...rows] = (await readFile(out, 'utf8')).trim().split('\n');
  assert.equal(header, 'energy');
  assert.equal(rows.length, 220);
  assert.ok(
    rows.every((row) => Number(row) < -30),
    'energies of molecules with atomic energies in them',
  );
});

test("physicsml's tutorial on QM9: errors of the quality of the reference table", {
  skip: existsSync(QM9) ? false : 'needs ../shared/reference/data (QM9 is not committed)',
}, async (t) => {
  const { lumo, u0 } = await runTutorial(t, 0);
  // One seed is not the median of five that test-deep/tutorial.test.ts holds to 0.035 and 0.055: half as much again for luck.
  assert.ok(lumo <= 0.0525, `lumo ${lumo}`);
  assert.ok(u0 <= 0.0825, `u0 ${u0}`);
});
