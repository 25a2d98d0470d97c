import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { PlanSummary, PublishResult, StageActivities, StageResult, StageSummary } from '../../src/contracts/stage-activities.ts';
import { TRANSFER_LEARNING, type TransferLearningInput } from '../../src/contracts/workflow.ts';
import { startTestServer } from '../helpers/temporal-server.ts';

const REF = { digest: 'd'.repeat(64), byteLength: 1 };
const STAGE: StageSummary = { index: 0, name: 'head', maxEpochs: 1, totalSteps: 1, trainableParameters: 1, frozenParameters: 0 };

/** A plan of one stage. */
export const SUMMARY: PlanSummary = {
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

/** What its stage comes to. */
export const RESULT = { index: 0, name: 'head', stageKey: 'k', weights: REF, cached: false, metrics: {} } as unknown as StageResult;

/** What its run comes to. */
export const PUBLISHED: PublishResult = { output: '/out', weightsSha256: 'w', stages: [], test: {}, baseline: null };

/** A run whose steps are all done at once, except for what a test replaces. */
export const QUICK: StageActivities = {
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
export const full = () => ApplicationFailure.retryable('the disk is full', 'STORE_IO');

/** A disk that is broken: no retry helps. */
export const broken = () => ApplicationFailure.nonRetryable('the disk is broken', 'STORE_IO');

/** An attempt that goes on for a while, whoever cancels it, and heartbeats so that it could know. */
export async function busy(ms: number): Promise<void> {
  const context = Context.current();
  for (const until = Date.now() + ms; Date.now() < until; ) {
    context.heartbeat();
    await sleep(50);
  }
}

/** How a run ended, and how long that took since it was cancelled. */
export async function cancelled(handle: WorkflowHandle): Promise<{ readonly status: string; readonly ms: number }> {
  const since = performance.now();
  await handle.cancel();
  const closed = handle.result().catch(() => undefined);
  await Promise.race([closed, sleep(20_000, undefined, { ref: false })]);
  const ms = performance.now() - since;
  return { status: (await handle.describe()).status.name, ms };
}

/** A server, and workers for runs on it. */
export interface Runs {
  /** Starts a run with these steps and has `act` deal with it while a worker works. Makes sure that what has become of it replays. */
  withRun(steps: Partial<StageActivities>, act: (handle: WorkflowHandle) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server. To be called once per process. */
export async function startRuns(): Promise<Runs> {
  // Activities that fail are a warning, and expected.
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const server = await startTestServer();
  const { address } = server.server;
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  return {
    async withRun(steps, act) {
      const workflowId = `run-${randomUUID()}`;
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
        searchAttributes: true,
        resume: null,
      };
      await worker.runUntil(async () => {
        const { workflow } = new Client({ connection });
        await workflow.start(TRANSFER_LEARNING, { workflowId, taskQueue: workflowId, args: [input] });
        await act(workflow.getHandle(workflowId)); // the newest run of that id
      });
      const history = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle }, history, workflowId); // another worker could have gone on with it at any time
    },
    async stop() {
      await native.close();
      await connection.close();
      await server.stop();
    },
  };
}
