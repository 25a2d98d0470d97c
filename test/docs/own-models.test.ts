import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as model from '../../src/model.ts';
import { describeSequential, type Layer } from '../../src/models/nn/sequential.ts';
import { assertSnippets, readOwn, tableAfter } from '../helpers/markdown.ts';

const root = new URL('../../', import.meta.url);
const page = await readOwn('docs/own-models.md');

test('every snippet of the page about own models that names a file is that file', async () => {
  await assertSnippets(page, ['examples/own-model/land-cover.mjs', 'examples/own-model/run.yaml']);
});

test('the page names every value that rootstock/model exports, and no other', () => {
  const named = tableAfter(page, 'exports').flatMap(([cell = '']) => cell.replaceAll('`', '').split(', '));
  assert.deepEqual([...named].sort(), Object.keys(model).sort());
});

test('the page names every kind of layer', () => {
  const kinds: Readonly<Record<Layer['kind'], Layer>> = {
    linear: { kind: 'linear', inFeatures: 1, outFeatures: 1 },
    conv2d: { kind: 'conv2d', inChannels: 1, outChannels: 1, kernelSize: 1, stride: 1, padding: 0 },
    batch_norm: { kind: 'batch_norm', channels: 1 },
    layer_norm: { kind: 'layer_norm', features: 1 },
    embedding: { kind: 'embedding', numEmbeddings: 1, embeddingDim: 1 },
    activation: { kind: 'activation', name: 'ReLU' },
    max_pool: { kind: 'max_pool', kernelSize: 1 },
    avg_pool: { kind: 'avg_pool', kernelSize: 1 },
    dropout: { kind: 'dropout', p: 0 },
    flatten: { kind: 'flatten' },
  };
  for (const [kind, layer] of Object.entries(kinds)) {
    assert.ok(page.includes(`\`${kind}\``), kind);
    assert.doesNotThrow(() => describeSequential('', [layer]));
  }
});

test('the data of the example is what its script makes', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-own-model-'));
  context.after(() => rm(directory, { recursive: true }));
  const script = join(directory, 'make-data.mjs');
  await cp(fileURLToPath(new URL('examples/own-model/make-data.mjs', root)), script);
  await promisify(execFile)(process.execPath, [script]);
  for (const name of ['heat.jsonl', 'runoff.jsonl']) {
    assert.equal(await readFile(join(directory, name), 'utf8'), await readOwn(`examples/own-model/${name}`), name);
  }
});
