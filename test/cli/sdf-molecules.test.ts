import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import * as ocl from 'openchemlib';
import { buildMolecule } from '../../examples/molecules/build-molecule.ts';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const root = join(import.meta.dirname, '../..');
/** Its featurisation reads a column "mol_bytes". */
const MODEL = join(root, 'test/fixtures/golden/a_saved_egnn/model');

test('a model that physicsml saved predicts and judges an SD file, and says that it reads the mol blocks', async (t) => {
  const directory = await temporaryDirectory(t);
  const [data, out] = [join(directory, 'molecules.sdf'), join(directory, 'out.csv')];
  ocl.Resources.registerFromNodejs();
  const blocks = ['CO', 'CCO', 'CCN'].map((smiles) => buildMolecule(smiles)?.molBlock ?? assert.fail(smiles));
  const records = blocks.map((block) => `${block.trimEnd()}\n> <lumo>\n-1.5\n\n$$$$\n`);
  await writeFile(data, records.join(''));
  for (const words of [
    ['predict', '--model', MODEL, '--data', data, '--out', out],
    ['evaluate', MODEL, data],
  ]) {
    const { exitCode, stderr } = await captureCli(t, words);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /^Warning: .*the SD file has no "mol_bytes".*the molecules are read from its mol blocks instead\.$/mu);
  }
  assert.equal((await readFile(out, 'utf8')).trimEnd().split('\n').length, 4);
});

test('an SD file without molecules is named, to a prediction as well', async (t) => {
  const directory = await temporaryDirectory(t);
  const data = join(directory, 'none.sdf');
  await writeFile(data, '');
  const { exitCode, stderr } = await captureCli(t, ['predict', '--model', MODEL, '--data', data, '--out', join(directory, 'out.csv')]);
  assert.equal(exitCode, 2);
  assert.match(stderr, /^DATA_EMPTY: [^]*has no rows: [^\n]*none\.sdf is empty \(0 bytes\)$/mu);
});
