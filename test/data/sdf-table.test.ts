import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { type FoundSource, findSource, openSource } from '../../src/data/source.ts';
import { makeDirectory } from './data-fixtures.ts';

const block = (name: string) => `${name}\n  rootstock 3D\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n`;
const record = (name: string, tags: Readonly<Record<string, string>>) =>
  `${block(name)}${Object.entries(tags)
    .map(([tag, value]) => `> <${tag}>\n${value}\n\n`)
    .join('')}$$$$\n`;

async function open(path: string) {
  const found = await findSource({ kind: 'files', path }, 'data.train');
  return openSource(found as FoundSource, { rowId: null, threads: 1 });
}

test('an SD file is a table: a row per molecule in file order, data items as columns with the type that all of them fit', async (t) => {
  const directory = await makeDirectory(t);
  const text = `${record('w', { u0: '-76.4', n: '3', note: "it's" })}${record('m', { u0: '1e-3', n: '5' })}${record('x', { n: '', note: '7' })}`;
  await writeFile(join(directory, 'a.sdf'), text);
  await writeFile(join(directory, 'b.sdf.gz'), gzipSync(record('z', { u0: '2', n: '1' })));
  const source = await open(join(directory, '*.sdf*'));
  t.after(source.close);
  assert.deepEqual(
    source.columns.map(({ name, kind }) => [name, kind]),
    [
      ['mol_block', 'text'],
      ['mol_title', 'text'],
      ['u0', 'real'],
      ['n', 'integer'],
      ['note', 'text'],
    ],
  );
  const rows = await source.session.rows(`SELECT mol_title, mol_block, u0, n, note FROM ${source.view}`);
  assert.deepEqual(
    rows.map(({ mol_title }) => mol_title),
    ['w', 'm', 'x', 'z'],
  );
  assert.equal(rows[0]?.['mol_block'], block('w'));
  assert.deepEqual(
    rows.map(({ u0, n, note }) => [u0, n, note]),
    [
      ['-76.4', '3', "it's"],
      ['0.001', '5', 'null'],
      ['null', 'null', '7'],
      ['2', '1', 'null'],
    ],
  );
});

test('an SD file that cannot be read names the file, the row and the line', async (t) => {
  const path = join(await makeDirectory(t), 'bad.sdf');
  await writeFile(path, `${record('a', {})}no block\n$$$$\n`);
  await assert.rejects(open(path), { code: 'DATA_UNREADABLE', message: /bad\.sdf: row 1 \(counting from 0, line 7\) has no "M {2}END"/ });
  await writeFile(path, record('a', { MOL_BLOCK: '1' }));
  await assert.rejects(open(path), { code: 'DATA_UNREADABLE', message: /the data item <MOL_BLOCK> has the name of a column/ });
});
