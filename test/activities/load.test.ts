import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { getJson } from '../../src/artifacts/json-blob.ts';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import { findSavedModel } from '../../src/artifacts/saved-model/place.ts';
import { readWeights } from '../../src/artifacts/saved-model/read.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { attempt, makeRun } from './support.ts';

test('loading twice gives the same references, which are the digests that planning found', async (t) => {
  const run = await makeRun(t);
  const { plan } = await attempt(run).plan({ run: run.document, expectedPlanDigest: null });
  const first = await attempt(run).load({ plan });
  assert.deepEqual(await attempt(run).load({ plan }), first);
  const { data } = await getJson<Plan>(run.deps.store, plan);
  assert.deepEqual(Object.keys(first.data).sort(), ['test', 'train', 'validation']);
  for (const split of ['train', 'validation', 'test'] as const) {
    const { digest, byteLength } = data.facts.splits[split] ?? {};
    assert.deepEqual(first.data[split], { digest, byteLength });
  }
});

test('a data file that changes after planning is DATA_CHANGED and names the split', async (t) => {
  const run = await makeRun(t);
  const { plan } = await attempt(run).plan({ run: run.document, expectedPlanDigest: null });
  const path = join(run.root, 'validation.csv');
  await writeFile(
    path,
    (await readFile(path, 'utf8')).replace(/,(\d)\n$/u, (_, label: string) => `,${(Number(label) + 1) % 3}\n`),
  );
  await assert.rejects(attempt(run).load({ plan }), { type: 'DATA_CHANGED', nonRetryable: true, message: /validation: planned 48 rows/u });
});

test('pre-trained weights that change after planning are DATA_CHANGED', async (t) => {
  const run = await makeRun(t);
  const { plan } = await attempt(run).plan({ run: run.document, expectedPlanDigest: null });
  const { model } = await getJson<Plan>(run.deps.store, plan);
  const others = Buffer.concat([...weightsToChunks(initialiseWeights(model.tree, 99))]);
  await writeFile(join(run.root, 'pretrained', 'weights.safetensors'), others);
  await assert.rejects(attempt(run).load({ plan }), { type: 'DATA_CHANGED', nonRetryable: true, message: /pre-trained weights/u });
});

test('pre-trained weights that hold NaN are refused when they are loaded', async (t) => {
  const run = await makeRun(t);
  const path = join(run.root, 'pretrained', 'weights.safetensors');
  const weights = await readWeights(await findSavedModel(join(run.root, 'pretrained'))).then((read) => read.weights);
  const [name, tensor] = [...weights].find(([, { data }]) => data instanceof Float32Array) ?? [];
  assert.ok(name !== undefined && tensor !== undefined);
  tensor.data[0] = Number.NaN;
  await writeFile(path, Buffer.concat([...weightsToChunks(weights)]));
  const { plan } = await attempt(run).plan({ run: run.document, expectedPlanDigest: null });
  await assert.rejects(attempt(run).load({ plan }), {
    type: 'CHECKPOINT_INVALID',
    nonRetryable: true,
    message: /: 1 of \d+ values?, the first at/u,
  });
});

test('a run without transfer loads data only', async (t) => {
  const run = await makeRun(t);
  const { model } = run.document.config as { readonly model: { readonly name: string; readonly config: Record<string, unknown> } };
  const { transfer_learning: _, ...config } = model.config;
  const document = { ...run.document, config: { ...run.document.config, model: { ...model, config } } } as typeof run.document;
  const { plan } = await attempt(run).plan({ run: document, expectedPlanDigest: null });
  const loaded = await attempt(run).load({ plan });
  assert.equal(loaded.preTrained, null);
  const matched = await attempt(run).match({ plan, preTrained: null });
  assert.equal(matched.report, null);
  assert.equal(matched.matchedParameters, 0);
});
