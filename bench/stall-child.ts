import { join } from 'node:path';
import { openFsStore } from '../src/artifacts/fs-store.ts';
import { takeLease } from '../src/artifacts/leases.ts';
import { thisProcess } from '../src/artifacts/process-identity.ts';
import { loadBackend } from '../src/kernels/backend.ts';
import { turnWhenDue } from '../src/trainer-process/job-context.ts';
import { fit } from '../src/training/fit.ts';
import { openSampleLog } from '../src/training/sample-log.ts';
import { createStoreSnapshotSink } from '../src/training/store-snapshot-sink.ts';
import { makeDataset, makeSetup } from '../test/training/support.ts';

/** Training with a snapshot every 20 steps into a store in this directory. */
export interface StallJob {
  readonly directory: string;
  readonly snapshots: number;
}

/** What each snapshot cost. */
export interface StallResult {
  /** Per snapshot: how long training stood still, and how long its 20 steps and the snapshot took together. */
  readonly cycles: readonly { readonly stallMs: number; readonly wallMs: number }[];
  readonly stateBytes: number;
  /** One copy of that many bytes in memory: what a stall costs at least. */
  readonly copyMs: number;
}

const EVERY_STEPS = 20;

/** 512 x 1800 + 1800 x 1800 weights and their two Adam slots: 50.0 MB. */
const MODEL = { num_layers: 3, hidden_dim: 1800 } as const;
const [WIDTH, BATCH] = [512, 64];

/** Trains, and times every snapshot from the moment the loop stops for it until it goes on. */
export async function measureStalls({ directory, snapshots }: StallJob): Promise<StallResult> {
  const backend = await loadBackend('wasm');
  const store = await openFsStore(join(directory, 'store'));
  const setup = makeSetup({
    data: makeDataset(BATCH * EVERY_STEPS, WIDTH, 1),
    validation: null,
    config: MODEL,
    trainer: {
      backend: 'wasm',
      maxEpochs: snapshots,
      logEveryNSteps: 50,
      snapshot: { everySeconds: null, everySteps: EVERY_STEPS, keep: 2 },
    },
    train: { batchSize: BATCH },
  });
  const stageKey = 'b7'.padEnd(64, '0');
  const place = { namespace: 'bench', workflowId: 'bench', runId: 'bench', activityId: 'bench', attempt: 1, resumeStep: 0 };
  const { number } = await takeLease(store, stageKey, { ...(await thisProcess()), ...place });
  const sampleLog = openSampleLog(join(directory, 'samples.jsonl'));
  const cycles: { stallMs: number; wallMs: number }[] = [];
  let [cycleStart, commitStart] = [0, 0];
  await fit(setup, {
    now: () => performance.now(),
    nextTurn: turnWhenDue,
    sink: createStoreSnapshotSink({
      store,
      stageKey,
      lease: number,
      resumed: null,
      resumedBest: null,
      backend: 'wasm',
      description: backend.describe(),
      keep: 2,
    }),
    sampleLog,
    events: {
      phase(phase) {
        if (phase === 'step' && cycleStart === 0) cycleStart = performance.now();
        if (phase === 'commit') commitStart = performance.now();
      },
      progress: () => undefined,
      snapshot() {
        const now = performance.now();
        cycles.push({ stallMs: now - commitStart, wallMs: now - cycleStart });
        cycleStart = now;
      },
    },
    takeRequest: () => 'none',
    snapshotEveryStep: false,
    resume: null,
  });
  sampleLog.close();
  const stateBytes = 3 * 4 * setup.stage.mask.trainableParameters;
  return { cycles, stateBytes, copyMs: timeCopy(stateBytes) };
}

function timeCopy(bytes: number): number {
  const from = new Float32Array(bytes / 4).fill(1);
  const to = new Float32Array(bytes / 4).fill(2);
  const started = performance.now();
  to.set(from);
  return performance.now() - started;
}
