import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { connectRootstock } from '../../src/client/connect.ts';
import { queryStatus } from '../../src/client/follow-run.ts';
import { pendingActivities } from '../../src/client/pending-activity.ts';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import { TRANSFER_LEARNING, type TransferLearningInput } from '../../src/contracts/workflow.ts';
import { createWorker } from '../../src/worker/create-worker.ts';
import { processesOf, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { testServerEnvironment, waitFor } from '../helpers/temporal-server.ts';

before(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  for (const name of Object.keys(process.env)) if (!(name in testServerEnvironment())) delete process.env[name];
  Object.assign(process.env, testServerEnvironment());
});

test('a worker that is shut down before it has begun ends at once and lets go of the server', async (t) => {
  const stateDir = join(await temporaryDirectory(t), 'state');
  const worker = await createWorker({ stateDir });
  assert.equal(worker.storeId, (await openFsStore(stateLayout(stateDir).store)).id);
  assert.ok(processesOf(stateDir).length > 0, 'it has started a server');
  worker.shutdown();
  await worker.run();
  await untilNoProcessOf(stateDir);
});

test('a worker that cannot be created holds no server', async (t) => {
  const stateDir = join(await temporaryDirectory(t), 'state');
  await assert.rejects(createWorker({ stateDir, register: ['nowhere.ts'] }), { code: 'FILE_NOT_FOUND', message: /nowhere\.ts/u });
  assert.equal(existsSync(stateLayout(stateDir).server), false, 'none was started in the meantime');
});

test('a worker without slots for training is refused before a server is started, and told of the one that only answers', async (t) => {
  const stateDir = join(await temporaryDirectory(t), 'state');
  for (const trainSlots of [0, -1, 1.5, Number.NaN])
    await assert.rejects(createWorker({ stateDir, trainSlots }), {
      code: 'USAGE',
      message: /at least 1, received .*\nFix: .*answersOnly: true/u,
    });
  assert.equal(existsSync(stateDir), false);
});

test('a named server that does not answer is SERVER_UNAVAILABLE, and no other one is started', async (t) => {
  const stateDir = join(await temporaryDirectory(t), 'state');
  process.env.TEMPORAL_ADDRESS = '127.0.0.1:1'; // nobody listens there
  t.after(() => delete process.env.TEMPORAL_ADDRESS);
  await assert.rejects(createWorker({ stateDir }), { code: 'SERVER_UNAVAILABLE', message: /127\.0\.0\.1:1/u });
  assert.deepEqual(processesOf(stateDir), []);
});

test('a worker that only answers says where a run is, and begins none of its activities', async (t) => {
  const stateDir = join(await temporaryDirectory(t), 'state');
  const worker = await createWorker({ stateDir, answersOnly: true });
  const working = worker.run();
  const connected = await connectRootstock({ stateDir });
  try {
    const { workflow } = connected.client;
    const run = { config: {}, baseDir: '/', source: 'a.yaml' };
    const input: TransferLearningInput = { run, expectedPlanDigest: null, queues: connected.queues, searchAttributes: false, resume: null };
    const handle = await workflow.start(TRANSFER_LEARNING, { workflowId: 'a', taskQueue: connected.queues.io, args: [input] });
    const pending = async () => pendingActivities(await handle.describe());
    await waitFor(async () => (await pending()).length === 1, 'the run to ask for its plan');
    await sleep(1_000); // a worker that polled for it would have it at once
    assert.equal((await queryStatus(connected.client, { workflowId: 'a' }))?.phase, 'plan');
    const [plan] = await pending();
    assert.deepEqual([plan?.activity, plan?.state, plan?.attempt, plan?.worker], ['plan', 'scheduled', 1, null]);
  } finally {
    await connected.close();
    worker.shutdown();
    await working;
  }
  await untilNoProcessOf(stateDir);
});
