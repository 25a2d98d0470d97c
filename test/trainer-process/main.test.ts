import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { finaliseStage } from '../../src/artifacts/finalise-stage.ts';
import { readBlob } from '../../src/artifacts/json-blob.ts';
import { readSafetensors } from '../../src/artifacts/safetensors/read.ts';
import { loadWeights } from '../../src/artifacts/safetensors/weights-blob.ts';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import { buildCommittedSampleLog } from '../../src/artifacts/sample-log.ts';
import type { SnapshotManifest } from '../../src/artifacts/snapshot.ts';
import { collectLedger, findNewestSnapshot, readSnapshotChain } from '../../src/artifacts/snapshots.ts';
import type { TrainerPlan } from '../../src/contracts/plan.ts';
import type { FromTrainer } from '../../src/contracts/trainer-protocol.ts';
import { freezeDigest } from '../../src/transfer/freeze-digest.ts';
import { makeDataset, makeHardSetup, makeSetup } from '../training/support.ts';
import { createWorkspace, readLines, runJob, startTrainer, type Workspace } from './support.ts';

const WASM: Partial<TrainerPlan> = { backend: 'wasm', earlyStopping: null, maxEpochs: 8 }; // 24 steps

test('a trainer killed with SIGKILL again and again ends where an undisturbed one ends', async () => {
  const golden = await createWorkspace(makeHardSetup(WASM));
  const finished = await runJob(await golden.fitJob({ snapshotEveryStep: true }));
  assert.equal(finished.type, 'finished');

  const killed = await createWorkspace(makeHardSetup({ ...WASM, snapshot: { everySeconds: null, everySteps: 3, keep: 2 } }));
  let attempts = 0;
  let last: FromTrainer | undefined;
  while (last?.type !== 'finished') {
    attempts += 1;
    assert.ok(attempts < 30, 'each attempt commits at least one snapshot');
    const trainer = startTrainer(await killed.fitJob(), (message, { child }) => {
      if (attempts <= 3 && message.type === 'snapshot') child.kill('SIGKILL');
    });
    await trainer.closed;
    last = trainer.messages.at(-1);
    if (attempts > 1) assert.ok(trainer.messages.some(({ type }) => type === 'resumed'));
  }
  assert.equal(attempts, 4);

  const [expected, actual] = [await newest(golden), await newest(killed)];
  assert.equal(actual.state.byteLength, expected.state.byteLength);
  // The state's blob carries a mark of its stage key, so the weights are compared as what the stage hands on.
  const [goldenStage, killedStage] = [await finalise(golden, expected), await finalise(killed, actual)];
  assert.deepEqual(killedStage, goldenStage);
  assert.deepEqual(actual.counters, expected.counters);
  assert.deepEqual(actual.monitor, expected.monitor);
  assert.equal(goldenStage.freezeReceipt.before, goldenStage.freezeReceipt.after);
  assert.notEqual(goldenStage.bestWeights, null);

  const [goldenLedger, killedLedger] = await Promise.all([ledger(golden, expected), ledger(killed, actual)]);
  assert.equal(killedLedger, goldenLedger, 'a repeated step is in the ledger once');
  const [goldenSteps, killedSteps] = await Promise.all([committedSteps(golden, expected), committedSteps(killed, actual)]);
  assert.equal(killedSteps.length, 24);
  assert.deepEqual(killedSteps, goldenSteps);
});

test('save without stop commits a snapshot and goes on; with stop the trainer answers saved, exits 0 and can be resumed', async () => {
  const workspace = await createWorkspace(makeHardSetup({ ...WASM, maxEpochs: 400 }));
  let saves = 0;
  const trainer = startTrainer(await workspace.fitJob(), (message, { send }) => {
    if (message.type === 'progress' && saves++ === 0) send({ type: 'save', stop: false });
    if (message.type === 'snapshot') send({ type: 'save', stop: true });
  });
  assert.deepEqual(await trainer.closed, { code: 0, signal: null });
  const saved = trainer.messages.at(-1);
  assert.ok(saved?.type === 'saved');
  const snapshots = trainer.messages.filter(({ type }) => type === 'snapshot');
  assert.equal(snapshots.length, 2);
  assert.ok(saved.step < 1200);
  const resumed = startTrainer(await workspace.fitJob(), (message, { send }) => {
    if (message.type === 'resumed') send({ type: 'save', stop: true });
  });
  await resumed.closed;
  assert.deepEqual(resumed.messages.at(-1), saved, 'stopped before a step: the snapshot there is is the answer');
});

test('a trainer ignores SIGINT and SIGTERM and ends when its parent closes the channel', async () => {
  const workspace = await createWorkspace(makeHardSetup({ ...WASM, maxEpochs: 100_000 }));
  let heard = 0;
  const trainer = startTrainer(await workspace.fitJob(), (message, { child }) => {
    if (message.type !== 'progress') return;
    heard += 1;
    if (heard === 1) for (const signal of ['SIGINT', 'SIGTERM'] as const) child.kill(signal);
    if (heard === 3) child.disconnect();
  });
  assert.deepEqual(await trainer.closed, { code: 1, signal: null });
  assert.ok(heard >= 3, 'it went on after the signals');
});

test('an attempt whose lease was superseded commits nothing more: LEASE_LOST', async () => {
  const workspace = await createWorkspace(makeHardSetup(WASM));
  const stale = await workspace.fitJob();
  await workspace.fitJob(); // takes the next lease
  const last = await runJob(stale);
  assert.ok(last.type === 'failed');
  assert.equal(last.code, 'LEASE_LOST');
  assert.equal(await findNewestSnapshot(workspace.store, workspace.stageKey), undefined);
});

test('a snapshot of another backend class is refused', async () => {
  const setup = makeSetup({ trainer: { backend: 'cpu' } });
  const workspace = await createWorkspace(setup);
  assert.equal((await runJob(await workspace.fitJob())).type, 'finished');
  const other = await createWorkspace({ ...setup, stage: { ...setup.stage, trainer: { ...setup.stage.trainer, backend: 'wasm' } } });
  const job = await other.fitJob();
  const { plan } = job;
  // The same store and stage key, trained on with the other plan.
  const planBytes = await readBlob(other.store, plan);
  assert.deepEqual(await workspace.store.put([planBytes]), plan);
  const last = await runJob({ ...(await workspace.fitJob()), plan });
  assert.ok(last.type === 'failed');
  assert.equal(last.code, 'BACKEND_CHANGED');
});

test('model code of another version than the plan names is PLAN_DRIFT', async () => {
  const setup = makeSetup({ trainer: { backend: 'wasm' } });
  const definition = { ...setup.model.definition, version: 'other' };
  const workspace = await createWorkspace({ ...setup, model: { ...setup.model, definition } });
  const last = await runJob(await workspace.fitJob());
  assert.ok(last.type === 'failed');
  assert.equal(last.code, 'PLAN_DRIFT');
});

test('a coded error crosses with its details: the NaN row is named', async () => {
  const data = makeDataset(12, 3, 1);
  const setup = makeSetup({ data, optimizer: { name: 'SGD', config: { lr: 1e30 } }, trainer: { backend: 'wasm' }, validation: null });
  const workspace = await createWorkspace(setup);
  const trainer = startTrainer(await workspace.fitJob());
  assert.deepEqual(await trainer.closed, { code: 1, signal: null });
  const last = trainer.messages.at(-1);
  assert.ok(last?.type === 'failed');
  assert.equal(last.code, 'NON_FINITE_LOSS');
  const { rows } = JSON.parse(last.details) as { readonly rows: readonly string[] };
  assert.equal(rows.length, 4);
  for (const row of rows) assert.match(row, /^train-\d+$/u);
});

test('messages come in order, and every phase has a budget', async () => {
  const workspace = await createWorkspace(makeHardSetup({ ...WASM, maxEpochs: 1 }));
  const trainer = startTrainer(await workspace.fitJob());
  await trainer.closed;
  // Progress may come in anywhere after the first step: it is throttled by time.
  const told = trainer.messages.filter(({ type }) => type !== 'progress');
  const said = told.map((message) => (message.type === 'phase' ? message.phase : message.type));
  assert.deepEqual(said.slice(0, 4), ['ready', 'decode', 'restore', 'dry_run']);
  assert.deepEqual(said.slice(-3), ['commit', 'snapshot', 'finished']);
  for (const message of trainer.messages) if (message.type === 'phase') assert.ok(message.budgetMs >= 10_000);
});

test('evaluate gives the metrics of the plan under its prefix', async () => {
  const workspace = await createWorkspace(makeSetup({ trainer: { backend: 'wasm' } }));
  const last = await runJob(workspace.evaluateJob());
  assert.ok(last.type === 'evaluated');
  assert.deepEqual(Object.keys(last.metrics), ['test/total/loss', 'test/mae']);
  assert.ok(Number(last.metrics['test/mae']) > 0);
});

test('predict writes one row per input row, in order', async () => {
  const setup = makeSetup({ trainer: { backend: 'wasm' } });
  const { directory } = await createWorkspace(setup);
  await writeFile(
    join(directory, 'model_config.json'),
    JSON.stringify({
      name: 'mlp_regressor',
      x_widths: { a: 1, b: 1, c: 1 },
      config: { ...setup.model.config, x_features: ['a', 'b', 'c'], y_features: ['u0'] },
    }),
  );
  await writeFile(
    join(directory, 'weights.safetensors'),
    Buffer.concat([...weightsToChunks(setup.inputWeights)].map((chunk) => Buffer.from(chunk))),
  );
  assert.equal((await readSafetensors(join(directory, 'weights.safetensors'))).weights.size, 4);
  const rows = Array.from({ length: 5 }, (_, row) => `${row},${row / 2},-1`);
  await writeFile(join(directory, 'in.csv'), `a,b,c\n${rows.join('\n')}\n`);
  const job = { kind: 'predict', register: [], model: directory, data: join(directory, 'in.csv'), backend: null } as const;
  const outputs: (readonly string[])[] = [];
  for (const batchSize of [2, 5]) {
    const out = join(directory, `out-${batchSize}.csv`);
    assert.deepEqual(await runJob({ ...job, out, batchSize }), { type: 'predicted', rows: 5 });
    outputs.push(await readLines(out));
  }
  assert.equal(outputs[0]?.[0], 'u0');
  assert.equal(outputs[0]?.length, 6);
  outputs[0]?.slice(1).forEach((line, row) => {
    const difference = Math.abs(Number(line) - Number(outputs[1]?.[row + 1]));
    assert.ok(difference < 1e-6, 'a row is predicted alike in any batch (float32 sums in another order)');
  });
});

async function newest({ store, stageKey }: Workspace): Promise<SnapshotManifest> {
  const found = await findNewestSnapshot(store, stageKey);
  assert.ok(found !== undefined);
  return found;
}

async function finalise({ store, stageKey, setup, fitJob }: Workspace, snapshot: SnapshotManifest) {
  const { inputWeights } = await fitJob();
  const { stage } = setup;
  const result = await finaliseStage({
    store,
    stage,
    stageKey,
    inputWeights,
    snapshot,
    frozenDigest: (weights) => freezeDigest(weights, stage.mask.frozen),
  });
  assert.equal((await loadWeights(store, result.lastWeights)).size, setup.tree.tensors.length);
  return result;
}

async function ledger({ store, stageKey }: Workspace, snapshot: SnapshotManifest): Promise<string> {
  return Buffer.from(await readBlob(store, await collectLedger(store, stageKey, snapshot))).toString('utf8');
}

async function committedSteps({ store, stageKey, directory }: Workspace, snapshot: SnapshotManifest): Promise<readonly string[]> {
  const chain = await readSnapshotChain(store, stageKey, snapshot);
  const raw = new Map<number, readonly string[]>();
  for (const { envelope } of chain)
    raw.set(envelope.sampleLog.lease, await readLines(join(directory, `lease-${envelope.sampleLog.lease}.jsonl`)));
  return buildCommittedSampleLog(chain, (lease) => raw.get(lease) ?? []).filter((line) => line.includes('"rows"'));
}
