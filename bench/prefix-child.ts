import type { JsonObject } from '../src/contracts/json.ts';
import type { GraphDataset } from '../src/data/dataset.ts';
import { loadBackend } from '../src/kernels/backend.ts';
import type { GraphModel } from '../src/models/definition.ts';
import { findModel } from '../src/models/registry.ts';
import { randomStream } from '../src/random/stream.ts';
import { nextTurn } from '../src/trainer-process/job-context.ts';
import { fit } from '../src/training/fit.ts';
import type { StageSetup } from '../src/training/stage-setup.ts';
import { makeGraphSetup } from '../test/training/graph-support.ts';
import { makeDataset, makeSetup } from '../test/training/support.ts';
import { measurePairs, type Sample } from './benchmark.ts';

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
  egnn: (epochs: number) => egnnSetup(epochs, { rows: 512, config: { c_hidden: 12, num_layers: 2 } }),
  egnn_default: (epochs: number) => egnnSetup(epochs, { rows: 128, config: { c_hidden: 128, num_layers: 4 } }),
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
  const started = performance.now();
  await fit(setup, {
    now: () => performance.now(),
    nextTurn,
    sink: { newest: () => null, commit: ({ state }) => Promise.resolve({ snapshot: 0, step: state.counters.step, stateDigest: '' }) },
    sampleLog: { append: () => undefined, flush: () => Promise.resolve(0) },
    events: { phase: () => undefined, progress: () => undefined, snapshot: () => undefined },
    takeRequest: () => 'none',
    snapshotEveryStep: false,
    resume: null,
  });
  return performance.now() - started;
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

/** An EGNN with its body frozen, on made-up molecules of 18 atoms, as many as QM9's have. */
function egnnSetup(epochs: number, { rows, config }: { readonly rows: number; readonly config: JsonObject }): StageSetup {
  const targets = { y_graph_scalars: 1 };
  const graph = { numElements: 5, nodeAttrWidth: 0, edgeAttrWidth: 0, graphAttrWidth: 0, hasTotalAtomicEnergy: false, cutOff: 5, targets };
  const setup = makeGraphSetup({
    definition: findModel('egnn_model', []) as GraphModel,
    config: { num_node_feats: 5, y_graph_scalars_loss_config: { name: 'MSELoss' }, ...config },
    facts: { inputWidth: 0, outputWidth: 1, graph },
    neighbours: { cutOff: 5, selfInteraction: false, cell: null },
    freeze: ['egnn'],
    ...stage(epochs),
  });
  const train = molecules(rows, 1);
  const { batchSize } = setup.stage.datamodule.train;
  const batchesPerEpoch = train.rows / batchSize;
  const counts = { batchesPerEpoch, stepsPerEpoch: batchesPerEpoch, totalSteps: epochs * batchesPerEpoch };
  return { ...setup, train, validation: molecules(rows / 4, 2), stage: { ...setup.stage, ...counts } };
}

function molecules(rows: number, seed: number): GraphDataset {
  const atoms = 18;
  const { uint32 } = randomStream(seed, 'bench', 'molecules');
  const uniform = () => uint32() / 2 ** 32;
  return {
    kind: 'graphs',
    rows,
    nodeOffsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row * atoms),
    atomNumbers: Int32Array.from({ length: rows * atoms }, () => uint32() % 5),
    numElements: 5,
    coordinates: Float32Array.from({ length: rows * atoms * 3 }, () => uniform() * 6),
    nodeAttrs: new Float32Array(0),
    nodeAttrWidth: 0,
    bonds: null,
    graphAttrs: new Float32Array(0),
    graphAttrWidth: 0,
    totalAtomicEnergy: null,
    targets: {
      y_graph_scalars: {
        offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
        width: 1,
        values: Float32Array.from({ length: rows }, uniform),
      },
    },
    rowId: String,
  };
}
