import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { PlanSummary, PublishResult, StageActivities, StageResult, StageSummary } from '../../src/contracts/stage-activities.ts';
import { TRANSFER_LEARNING, type TransferLearningInput } from '../../src/contracts/workflow.ts';
import { startTestServer, type TestServer, waitFor } from '../helpers/temporal-server.ts';

const REF = { digest: 'd'.repeat(64), byteLength: 1 };
const STAGE: StageSummary = { index: 0, name: 'head', maxEpochs: 1, totalSteps: 1, trainableParameters: 1, frozenParameters: 0 };
const SUMMARY: PlanSummary = {
  plan: REF,
  planDigest: 'p',
  runDigest: 'r',
  name: 'a',
  modelName: 'm',
  stages: [STAGE],
  baseline: null,
  child: null,
  warnings: [],
};
const RESULT = { index: 0, name: 'head', stageKey: 'k', weights: REF, cached: false, metrics: {} } as unknown as StageResult;
const PUBLISHED: PublishResult = { output: '/out', weightsSha256: 'w', stages: [], test: {}, baseline: null };

/** A run whose steps are all done at once, except for what a test replaces. */
const QUICK: StageActivities = {
  plan: async () => SUMMARY,
  load: async () => ({ preTrained: null, data: {} }),
  match: async () => ({ weights: REF, report: null, matchedParameters: 0, freshParameters: 1 }),
  freeze: async () => ({
    stageKey: 'k',
    mask: REF,
    inputWeights: REF,
    trainableParameters: 1,
    frozenParameters: 0,
    cached: null,
    missReason: null,
  }),
  train: async () => ({ snapshot: 1, stateDigest: 's', epochs: 1, steps: 1, metrics: {}, stoppedBy: 'max_epochs' }),
  checkpoint: async () => RESULT,
  publish: async () => PUBLISHED,
};

/** A disk that is full: retried, with ever longer waits. */
const full = () => ApplicationFailure.retryable('the disk is full', 'STORE_IO');

let server: TestServer;
let connection: Connection;
let native: NativeConnection;
let workflowBundle: WorkflowBundleWithSourceMap;

before(async () => {
  // Activities that fail are a warning, and expected below.
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  server = await startTestServer();
  const { address } = server.server;
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
});

after(async () => {
  await native.close();
  await connection.close();
  await server.stop();
});

/** Starts a run with these steps and has `act` deal with it while a worker works; then it is cancelled at the latest. */
async function withRun(steps: Partial<StageActivities>, act: (handle: WorkflowHandle) => Promise<void>): Promise<void> {
  const workflowId = `cancel-${randomUUID()}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue: workflowId, // of its own: a run that another test has left open is none of its worker's
    workflowBundle,
    activities: { ...QUICK, ...steps },
    maxHeartbeatThrottleInterval: '100 ms',
  });
  const input: TransferLearningInput = {
    run: { config: {}, baseDir: '/', source: 'a.yaml' },
    expectedPlanDigest: null,
    queues: { io: workflowId, train: workflowId },
    searchAttributes: false,
    resume: null,
  };
  await worker.runUntil(async () => {
    const handle = await new Client({ connection }).workflow.start(TRANSFER_LEARNING, { workflowId, taskQueue: workflowId, args: [input] });
    await act(handle);
  });
}

/** How a run ended, and how long that took since it was cancelled. */
async function cancelled(handle: WorkflowHandle): Promise<{ readonly status: string; readonly ms: number }> {
  const since = performance.now();
  await handle.cancel();
  const closed = handle.result().catch(() => undefined);
  await Promise.race([closed, sleep(20_000, undefined, { ref: false })]);
  const ms = performance.now() - since;
  return { status: (await handle.describe()).status.name, ms };
}

/** An attempt that goes on for a while, whoever cancels it, and heartbeats so that it could know. */
async function busy(ms: number): Promise<void> {
  const context = Context.current();
  for (const until = Date.now() + ms; Date.now() < until; ) {
    context.heartbeat();
    await sleep(50);
  }
}

for (const step of ['checkpoint', 'publish'] as const) {
  test(`a cancel that comes between two attempts of ${step} ends the run at once`, async () => {
    let attempts = 0;
    const failing = async () => {
      attempts += 1;
      throw full();
    };
    await withRun({ [step]: failing }, async (handle) => {
      await waitFor(() => attempts >= 5, 'five attempts'); // the next one is more than a second away
      const before = attempts;
      const { status, ms } = await cancelled(handle);
      assert.equal(status, 'CANCELLED');
      assert.ok(ms < 1_200, `it took ${Math.round(ms)} ms`);
      assert.equal(attempts, before);
    });
  });

  test(`a cancel lets the attempt of ${step} that is at work finish, and there is no other`, async () => {
    const seen = { begun: 0, ended: 0 };
    const slow = async () => {
      seen.begun += 1;
      await busy(1_000);
      seen.ended += 1;
      throw full();
    };
    await withRun({ [step]: slow }, async (handle) => {
      await waitFor(() => seen.begun === 1, 'the attempt');
      assert.equal((await cancelled(handle)).status, 'CANCELLED');
      assert.deepEqual(seen, { begun: 1, ended: 1 });
    });
  });
}

test('a publication that succeeds although it was cancelled meanwhile is a completed run', async () => {
  let begun = false;
  const publish = async () => {
    begun = true;
    await busy(1_000);
    return PUBLISHED;
  };
  await withRun({ publish }, async (handle) => {
    await waitFor(() => begun, 'the attempt');
    assert.equal((await cancelled(handle)).status, 'COMPLETED');
    assert.deepEqual(await handle.result(), PUBLISHED);
  });
});

test('a stage whose trainer was done when the cancel came is checkpointed, in one attempt, and not published', async () => {
  for (const succeeds of [true, false]) {
    const log: string[] = [];
    const train = async (...input: Parameters<StageActivities['train']>) => {
      log.push('train');
      await busy(1_000);
      return QUICK.train(...input);
    };
    const checkpoint = async () => {
      log.push('checkpoint');
      if (!succeeds) throw full();
      return RESULT;
    };
    await withRun({ train, checkpoint, publish: () => assert.fail('nobody asked for it any more') }, async (handle) => {
      await waitFor(() => log.length === 1, 'the trainer');
      assert.equal((await cancelled(handle)).status, 'CANCELLED');
      assert.deepEqual(log, ['train', 'checkpoint']);
    });
  }
});
