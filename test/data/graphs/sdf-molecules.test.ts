import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openPredictData } from '../../../src/data/predict-data.ts';
import { scanData } from '../../../src/data/scan-data.ts';
import { failure, makeDirectory } from '../data-fixtures.ts';
import { COLUMNS, molecules, NEIGHBOURS } from './molecule-fixtures.ts';

const ATOMS = [
  '    0.0000    0.0000    0.0000 O   0  0',
  '    0.9572    0.0000    0.0000 H   0  0',
  '   -0.2400    0.9266    0.0000 H   0  0',
];
const RECORD = `water\n  rootstock 3D\n\n  3  0  0  0  0  0  0  0  0  0999 V2000\n${ATOMS.join('\n')}\nM  END\n> <u0>\n-76.4\n\n$$$$\n`;

/** A featurisation as a saved model has it, whose molecules were in a column of this name. */
function featurisation(column: string) {
  const config = { backend: 'rdkit', atomic_number_mapping: { 1: 0, 8: 1 } };
  return { version: 2, config: [{ column, representations: [{ name: 'physicsml_features', as: '{feature_name}', config }] }] };
}
const PROVIDED = { atomNumbers: 'physicsml_atom_numbers', coordinates: 'physicsml_coordinates' };
const WARNING = /the SD file has no "mol_bytes", which the featurisation reads; the molecules are read from its mol blocks instead\./;

test('the mol blocks of an SD file are read where it lacks the column that the featurisation names, and that is said', async (t) => {
  const path = join(await makeDirectory(t), 'a.sdf');
  await writeFile(path, RECORD.repeat(3));
  const scan = (column: string) => scanData(molecules(path, PROVIDED, { featurisation: featurisation(column) }), { cacheDir: null });
  const { warnings = [], ...facts } = await scan('mol_bytes');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', WARNING);
  assert.deepEqual(await scan('mol_block'), facts, 'the same molecules, without a word');

  const data = await openPredictData({
    path,
    rowId: null,
    x: [],
    molecules: {
      columns: { ...COLUMNS, ...PROVIDED },
      neighbours: NEIGHBOURS,
      featurisation: featurisation('mol_bytes'),
      facts: { nodeAttrWidth: 5, edgeAttrWidth: 0, graphAttrWidth: 0 },
      mostEdges: 1e6,
    },
    expectedWidth: 0,
    batchSize: 8,
  });
  t.after(() => data.close());
  assert.match(data.warnings[0] ?? '', WARNING);
  let rows = 0;
  for await (const batch of data.batches()) rows += batch.rows;
  assert.equal(rows, 3);
});

test('a file that is no SD file has to have the column that the featurisation names, whatever else it has', async (t) => {
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeFile(path, `${JSON.stringify({ mol_block: RECORD.split('> <')[0], u0: 1 })}\n`);
  const request = molecules(path, PROVIDED, { featurisation: featurisation('mol_bytes') });
  assert.equal((await failure(() => scanData(request, { cacheDir: null }))).code, 'COLUMN_NOT_FOUND');
});
