import { keepThread } from '../src/data/graphs/builder-thread/keep-thread.ts';
import { loadBackend } from '../src/kernels/backend.ts';
import { randomStream } from '../src/random/stream.ts';
import { turnWhenDue } from '../src/trainer-process/job-context.ts';
import { type BatchSources, openBatches } from '../src/training/batch-source.ts';
import { disposeBatch } from '../src/training/batches.ts';
import { fit } from '../src/training/fit.ts';
import type { StageSetup } from '../src/training/stage-setup.ts';
import { makeDataset, makeSetup } from '../test/training/support.ts';
import { measurePairs, type Sample } from './benchmark.ts';
import { egnnStage } from './egnn-stage.ts';

/** A stage that trains the head alone, with the frozen prefix computed once and in every step. */
export interface PrefixJob {
  readonly network: keyof typeof NETWORKS;
  readonly epochs: number;
  readonly samples: number;
}

/** Milliseconds of the stage, encoding included. */
export interface PrefixResult {
  readonly pairs: readonly Sample[];
  readonly rows: number;
  readonly batchSize: number;
  /** Scalars of the frozen part and of the rest. */
  readonly frozen: number;
  readonly trainable: number;
}

const BATCH = 64;

/** As the tutorial has it. */
const VALIDATION_BATCH = 128;

const NETWORKS = {
  mlp: (epochs: number) =>
    makeSetup({
      data: makeDataset(2048, 256, 1),
      validation: makeDataset(256, 256, 2),
      config: { num_layers: 4, hidden_dim: 1024 },
      freeze: ['module.0', 'module.2', 'module.4'],
      ...stage(epochs),
    }),
  cnn: (epochs: number) =>
    makeSetup({
      data: images(1024, 1),
      validation: images(256, 2),
      model: 'cnn_classifier',
      config: { input_shape: [1, 28, 28], channels: [32, 64, 32], classes: [0, 1, 2, 3, 4] },
      freeze: ['features'],
      ...stage(epochs),
    }),
  egnn: (epochs: number) => egnnStage({ ...stage(epochs), rows: 512, config: { c_hidden: 12, num_layers: 2 }, freeze: ['egnn'] }),
  egnn_default: (epochs: number) => egnnStage({ ...stage(epochs), rows: 128, config: { c_hidden: 128, num_layers: 4 }, freeze: ['egnn'] }),
} as const;

/** Measures both in one process, in turn; each stage starts from the same weights and validates after every epoch. */
export async function measurePrefix({ network, epochs, samples }: PrefixJob): Promise<PrefixResult> {
  await loadBackend('wasm');
  const setup = validatingBy(VALIDATION_BATCH, NETWORKS[network](epochs));
  const { definition, config, facts } = setup.model;
  const still = (path: string) => setup.stage.mask.frozenModules.some((name) => path === name || path.startsWith(`${name}.`));
  const modules = definition.prefix?.(config, facts, still)?.modules;
  if (modules === undefined) throw new Error(`${network} has no frozen prefix`);
  const cached = { ...setup, stage: { ...setup.stage, prefixCache: { modules, byteLength: 0, fits: true } } };
  const pairs = await measurePairs(samples, { ours: () => timeStage(cached), baseline: () => timeStage(setup) });
  const { frozenParameters: frozen, trainableParameters: trainable } = setup.stage.mask;
  return { pairs, rows: setup.train.rows, batchSize: setup.stage.datamodule.train.batchSize, frozen, trainable };
}

function validatingBy<S extends StageSetup>(batchSize: number, setup: S): S {
  const { datamodule } = setup.stage;
  return { ...setup, stage: { ...setup.stage, datamodule: { ...datamodule, validation: { ...datamodule.validation, batchSize } } } };
}

async function timeStage(setup: StageSetup): Promise<number> {
  const batches = await openRunning(setup);
  const started = performance.now();
  await fit(setup, {
    now: () => performance.now(),
    nextTurn: turnWhenDue,
    sink: { newest: () => null, commit: ({ state }) => Promise.resolve({ snapshot: 0, step: state.counters.step, stateDigest: '' }) },
    sampleLog: { append: () => undefined, flush: () => Promise.resolve(0) },
    events: { phase: () => undefined, progress: () => undefined, snapshot: () => undefined },
    takeRequest: () => 'none',
    snapshotEveryStep: false,
    resume: null,
    batches,
  });
  return performance.now() - started;
}

/** As the trainer that stays for the next stage has it. */
const keptThread = keepThread();

/** Batches whose thread is up, as a trainer has them by the time its backend is loaded. */
async function openRunning({ stage, train }: StageSetup): Promise<BatchSources> {
  const batches = openBatches(stage.datamodule.neighbours, keptThread);
  const source = batches.of(train);
  disposeBatch(await source.load(Uint32Array.of(0)));
  source.forget?.();
  return batches;
}

function stage(epochs: number) {
  return {
    trainer: { backend: 'wasm', maxEpochs: epochs, logEveryNSteps: 50 },
    train: { batchSize: BATCH },
    optimizer: { name: 'Adam', config: { lr: 1e-3 } },
  } as const;
}

/** Noise with labels 0..4: what the pixels show does not matter for the time. */
function images(rows: number, seed: number) {
  const { uint32 } = randomStream(seed, 'bench', 'labels');
  return { ...makeDataset(rows, 784, seed), y: Int32Array.from({ length: rows }, () => uint32() % 5), targetWidth: 5 };
}
