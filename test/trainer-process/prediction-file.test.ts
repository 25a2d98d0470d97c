import assert from 'node:assert/strict';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openSession } from '../../src/data/session.ts';
import { csvLine, writePredictions } from '../../src/trainer-process/prediction-file.ts';
import type { PredictionTable } from '../../src/training/prediction-table.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';

const TABLE: PredictionTable = {
  columns: ['u0', 'charge', 'force'],
  rows: [
    [1.5, [0.25, -1], [[1, 2, 3]]],
    [-2, [], []],
  ],
};

const folder = scratchDirectory;
const write = (path: string) =>
  writePredictions(path, async (file) => {
    await file.append(TABLE);
    await file.append({ ...TABLE, rows: [[7, [1], [[4, 5, 6]]]] });
  });

test('cells that hold commas, quotes or line breaks are quoted', () => {
  assert.equal(csvLine(['a,b', 'say "x"', 1.5]), '"a,b","say ""x""",1.5\n');
});

test('CSV has lists as JSON, JSONL as they are, and parquet in columns of lists', async () => {
  const directory = await folder();
  for (const name of ['p.csv', 'p.jsonl', 'p.parquet']) await write(join(directory, name));
  assert.equal(
    await readFile(join(directory, 'p.csv'), 'utf8'),
    'u0,charge,force\n1.5,"[0.25,-1]","[[1,2,3]]"\n-2,[],[]\n7,[1],"[[4,5,6]]"\n',
  );
  const lines = (await readFile(join(directory, 'p.jsonl'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { readonly charge: unknown }).charge),
    [[0.25, -1], [], [1]],
  );
  const session = await openSession({ readable: 'any', threads: 1 });
  const described = await session.describe(`SELECT * FROM '${join(directory, 'p.parquet')}'`);
  assert.deepEqual(
    described.map(({ name, type }) => `${name} ${type}`),
    ['u0 DOUBLE', 'charge DOUBLE[]', 'force DOUBLE[][]'],
  );
  assert.deepEqual(await session.rows(`SELECT u0, len(charge) AS atoms FROM '${join(directory, 'p.parquet')}'`), [
    { u0: '1.5', atoms: '2' },
    { u0: '-2', atoms: '0' },
    { u0: '7', atoms: '1' },
  ]);
  session.close();
  assert.deepEqual((await readdir(directory)).sort(), ['p.csv', 'p.jsonl', 'p.parquet'], 'nothing else is left');
});

test('another extension is refused by name, and a failure leaves no file', async () => {
  const directory = await folder();
  await assert.rejects(write(join(directory, 'p.xlsx')), { code: 'USAGE', message: /\.csv, \.jsonl, \.ndjson, \.parquet/u });
  await assert.rejects(
    writePredictions(join(directory, 'p.csv'), async (file) => {
      await file.append(TABLE);
      throw new Error('the device is gone');
    }),
    /the device is gone/u,
  );
  assert.deepEqual(await readdir(directory), []);
});

test('a disk that gets full is named, and leaves nothing behind', async (t) => {
  const directory = await folder();
  const handle = await open(join(directory, 'any'), 'w');
  await handle.close();
  await rm(join(directory, 'any'));
  t.mock.method(Object.getPrototypeOf(handle) as { writeFile: () => Promise<void> }, 'writeFile', () =>
    Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })),
  );
  await assert.rejects(write(join(directory, 'p.csv')), {
    code: 'OUTPUT_UNWRITABLE',
    message: /p\.csv" cannot be written \(ENOSPC\)\.\nFix: the disk is full/u,
  });
  assert.deepEqual(await readdir(directory), []);
});
