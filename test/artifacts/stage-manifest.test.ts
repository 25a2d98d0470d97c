import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { lastStageKey, readKeyDocument, recordKeyDocument, recordStage } from '../../src/artifacts/stage-documents.ts';
import { finishStage, readStageManifest, type StageManifest } from '../../src/artifacts/stage-manifest.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import type { StageResult } from '../../src/contracts/stage-activities.ts';
import { RootstockError } from '../../src/errors.ts';
import { temporaryStore } from '../helpers/store-faults.ts';
import { STAGE_KEY, saveState } from '../helpers/store-snapshots.ts';

async function manifest(store: ArtifactStore, value: number, change: Partial<StageResult> = {}): Promise<StageManifest> {
  const weights = await saveState(store, value);
  const result: StageResult = {
    index: 0,
    name: 'head',
    stageKey: STAGE_KEY,
    weights,
    lastWeights: weights,
    bestWeights: null,
    ledger: await store.put([Buffer.from('1,loss,0.5\n')]),
    epochs: 1,
    steps: 10,
    metrics: { 'train/total/loss': 0.5 },
    cached: false,
    frozenParameters: 0,
    freezeReceipt: { before: 'x', after: 'x' },
    ...change,
  };
  return { format: 1, result, snapshot: 3, stateDigest: 'd', lineage: {}, envelope: { host: 'here' } };
}

test('a finished stage is recorded once; a second attempt with the same weights gets the first record', async (context) => {
  const store = await temporaryStore(context);
  assert.equal(await readStageManifest(store, STAGE_KEY), undefined);
  const first = await manifest(store, 1);
  assert.deepEqual(await finishStage(store, STAGE_KEY, first), first);
  assert.deepEqual(await finishStage(store, STAGE_KEY, await manifest(store, 1, { name: 'other', index: 5 })), first);
  assert.deepEqual(await readStageManifest(store, STAGE_KEY), first);
});

test('two attempts that finish a stage with different weights raise the determinism alarm', async (context) => {
  const store = await temporaryStore(context);
  const [first, second] = [await manifest(store, 1), await manifest(store, 2)];
  await finishStage(store, STAGE_KEY, first);
  await assert.rejects(finishStage(store, STAGE_KEY, second), (error) => {
    assert.ok(error instanceof RootstockError && error.code === 'DETERMINISM_VIOLATION');
    for (const fact of [first.result.weights.digest, second.result.weights.digest, 'head']) assert.ok(error.message.includes(fact));
    return true;
  });
  const best = await manifest(store, 1, { bestWeights: second.result.weights });
  await assert.rejects(
    finishStage(store, STAGE_KEY, best),
    (error) => error instanceof RootstockError && error.message.includes('bestWeights'),
  );
});

test('a finished stage whose weights are lost or rotten counts as unfinished, so that it is trained again', async (context) => {
  const store = await temporaryStore(context);
  const first = await manifest(store, 1);
  const { digest } = first.result.weights;
  for (const lose of [
    () => store.deleteBlob(first.result.weights),
    () => writeFile(join(store.location, 'blobs', 'sha256', digest.slice(0, 2), digest), 'rot'),
  ]) {
    await saveState(store, 1);
    await finishStage(store, STAGE_KEY, first);
    await lose();
    assert.equal(await readStageManifest(store, STAGE_KEY), undefined);
    assert.equal(await store.read(`stages/${STAGE_KEY}/manifest`), undefined);
  }
});

test('the document behind a stage key is kept for explaining a miss', async (context) => {
  const store = await temporaryStore(context);
  assert.equal(await readKeyDocument(store, STAGE_KEY), undefined);
  await recordKeyDocument(store, STAGE_KEY, { seed: 1 });
  await recordKeyDocument(store, STAGE_KEY, { seed: 1 });
  assert.deepEqual(await readKeyDocument(store, STAGE_KEY), { seed: 1 });
});

test('the last key of a stage is remembered per run and stage, whatever characters their names have', async (context) => {
  const store = await temporaryStore(context);
  assert.equal(await lastStageKey(store, '../run ä', 'head/1'), undefined);
  await recordStage(store, '../run ä', { stage: 'head/1', key: STAGE_KEY });
  await recordStage(store, '../run ä', { stage: 'head/1', key: 'cd'.repeat(32) });
  assert.equal(await lastStageKey(store, '../run ä', 'head/1'), 'cd'.repeat(32));
  assert.equal(await lastStageKey(store, '../run ä', 'head/2'), undefined);
  // Run "a", stage "b/c" and run "a/b", stage "c" are different stages.
  await recordStage(store, 'a', { stage: 'b/c', key: STAGE_KEY });
  assert.equal(await lastStageKey(store, 'a/b', 'c'), undefined);
});

test('many writers of one stage index all come through', async (context) => {
  const store = await temporaryStore(context);
  await Promise.all(Array.from({ length: 6 }, (_, index) => recordStage(store, 'r', { stage: 's', key: String(index).repeat(64) })));
  assert.match((await lastStageKey(store, 'r', 's')) ?? '', /^(\d)\1{63}$/);
});
