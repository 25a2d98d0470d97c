import { loadBackend } from '../src/kernels/backend.ts';
import { type BatchSource, type BatchSources, batchesHere, openBatches } from '../src/training/batch-source.ts';
import { fit } from '../src/training/fit.ts';
import type { StageSetup } from '../src/training/stage-setup.ts';
import { measurePairs, type Sample, toSample } from './benchmark.ts';
import { egnnStage } from './egnn-stage.ts';
import type { Side } from './statistics.ts';

/** Batches that a thread builds ahead, against batches that are built when a step needs them. */
export interface BatchJob {
  readonly epochs: number;
  readonly samples: number;
}

/** Milliseconds per step of the training thread: in batches, and in all. */
export interface BatchResult {
  readonly batches: readonly Sample[];
  readonly steps: readonly Sample[];
  readonly rows: number;
  readonly batchSize: number;
}

const [ROWS, BATCH] = [1024, 64];

/** Measures both in one process, in turn. Each stage starts from the same weights, finds its edges anew and counts all of its steps. */
export async function measureBatches({ epochs, samples }: BatchJob): Promise<BatchResult> {
  await loadBackend('wasm');
  const stage = {
    trainer: { backend: 'wasm', maxEpochs: epochs, logEveryNSteps: 50 },
    train: { batchSize: BATCH },
    config: { c_hidden: 12, num_layers: 2 },
    rows: ROWS,
  } as const;
  const steps: Record<Side, number[]> = { ours: [], baseline: [] };
  const measure = async (side: Side): Promise<number> => {
    const setup = { ...egnnStage(stage), validation: null };
    const time = await timeStage(setup, side === 'ours' ? openBatches(setup.stage.datamodule.neighbours) : allHere(setup));
    steps[side].push(time.steps);
    return time.batches;
  };
  const batches = await measurePairs(samples, { ours: () => measure('ours'), baseline: () => measure('baseline') });
  return {
    batches,
    steps: steps.ours.map((ours, pair) => toSample(ours, steps.baseline[pair] ?? Number.NaN)),
    rows: ROWS,
    batchSize: BATCH,
  };
}

function allHere({ stage }: StageSetup): BatchSources {
  return {
    of: (dataset) => batchesHere(dataset, stage.datamodule.neighbours),
    start: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** What batches take in this thread: expecting and loading them, waits included, and the turns of the event loop that take the thread's answers. */
async function timeStage(setup: StageSetup, sources: BatchSources): Promise<{ readonly batches: number; readonly steps: number }> {
  let spent = 0;
  const timed = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    spent += performance.now() - started;
    return result;
  };
  const timedSource = (source: BatchSource): BatchSource => ({
    ...source,
    load: (rows) => timed(() => source.load(rows)),
    ...(source.expect && {
      expect(rows) {
        const started = performance.now();
        source.expect?.(rows);
        spent += performance.now() - started;
      },
    }),
  });
  let started = 0;
  let ended = 0;
  await fit(setup, {
    now: () => performance.now(),
    nextTurn: () => timed(() => new Promise<void>((resolve) => setImmediate(resolve))),
    batches: { ...sources, of: (dataset) => timedSource(sources.of(dataset)) },
    sink: { newest: () => null, commit: ({ state }) => Promise.resolve({ snapshot: 0, step: state.counters.step, stateDigest: '' }) },
    sampleLog: { append: () => undefined, flush: () => Promise.resolve(0) },
    events: {
      phase(phase) {
        ended = performance.now();
        if (phase !== 'step' || started > 0) return;
        // What came before was the dry run.
        started = ended;
        spent = 0;
      },
      progress: () => undefined,
      snapshot: () => undefined,
    },
    takeRequest: () => 'none',
    snapshotEveryStep: false,
    resume: null,
  });
  const { totalSteps } = setup.stage;
  return { batches: spent / totalSteps, steps: (ended - started) / totalSteps };
}
