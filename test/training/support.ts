import { createHash } from 'node:crypto';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { SampleLogLine } from '../../src/artifacts/sample-log.ts';
import type { TrainingState } from '../../src/artifacts/training-state.ts';
import { canonicalJson } from '../../src/contracts/canonical-json.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import type { DataModulePlan, StagePlan, TrainerPlan } from '../../src/contracts/plan.ts';
import type { Weights } from '../../src/contracts/tensors.ts';
import type { TrainerProgress } from '../../src/contracts/trainer-protocol.ts';
import type { FeatureDataset } from '../../src/data/dataset.ts';
import type { FeatureModel } from '../../src/models/definition.ts';
import { findModel } from '../../src/models/registry.ts';
import { createOps } from '../../src/ops/create-ops.ts';
import { fillNormal } from '../../src/random/fill.ts';
import { randomStream } from '../../src/random/stream.ts';
import { fit } from '../../src/training/fit.ts';
import type { FitDependencies, FitOutcome, SaveRequest } from '../../src/training/fit-types.ts';
import type { CommittedSnapshot, SnapshotRequest } from '../../src/training/snapshot-sink.ts';
import type { Model, StageSetup } from '../../src/training/stage-setup.ts';
import { resolveFreeze } from '../../src/transfer/freeze.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';

/** A regression dataset of normal inputs and targets, made from a seed. Row ids are "r0", "r1", ... */
export function makeDataset(rows: number, width: number, seed: number): FeatureDataset {
  const x = new Float32Array(rows * width);
  const y = new Float32Array(rows);
  fillNormal(x, 0, 1, randomStream(seed, 'x'));
  fillNormal(y, 0, 1, randomStream(seed, 'y'));
  return { kind: 'features', rows, width, x, y, targetWidth: 1, rowId: (row) => `r${row}` };
}

/** What a test varies of a stage. */
export interface StageOptions {
  readonly model?: string;
  readonly config?: JsonObject;
  readonly freeze?: readonly string[];
  readonly trainer?: Partial<TrainerPlan>;
  readonly train?: Partial<DataModulePlan['train']>;
  readonly optimizer?: StagePlan['optimizer'];
  readonly scheduler?: StagePlan['scheduler'];
  readonly index?: number;
  readonly seed?: number;
  readonly data?: FeatureDataset;
  readonly validation?: FeatureDataset | null;
  readonly weights?: Weights;
  readonly carryWeights?: StagePlan['carryWeights'];
}

const TRAINER: TrainerPlan = {
  backend: 'cpu',
  maxEpochs: 2,
  maxSteps: -1,
  minEpochs: null,
  minSteps: null,
  limitTrainBatches: null,
  limitValBatches: null,
  limitTestBatches: null,
  checkValEveryNEpoch: 1,
  numSanityValSteps: 2,
  accumulateGradBatches: 1,
  accumulateNormalization: 'samples',
  gradientClipVal: null,
  gradientClipAlgorithm: 'norm',
  terminateOnNan: true,
  logEveryNSteps: 1,
  frozenModulesMode: 'eval',
  earlyStopping: null,
  checkpointMonitor: { monitor: 'val/total/loss', mode: 'min' },
  snapshot: { everySeconds: null, everySteps: null, keep: 2 },
};

/** A stage of a model of plain features. */
export interface FeatureSetup extends StageSetup {
  readonly model: Model & { readonly definition: FeatureModel };
  readonly train: FeatureDataset;
  readonly validation: FeatureDataset | null;
}

/** Early stopping that nothing satisfies: the second value watched ends the stage. */
export const IMPATIENT = {
  monitor: 'val/total/loss',
  mode: 'min',
  minDelta: 1000,
  patience: 1,
  strict: true,
  checkFinite: true,
  stoppingThreshold: null,
  divergenceThreshold: null,
} as const;

/** A small MLP stage on made-up data; everything that a test does not name is plain. */
export function makeSetup(options: StageOptions = {}): FeatureSetup {
  const train = options.data ?? makeDataset(22, 3, 1);
  const validation = options.validation === undefined ? makeDataset(9, 3, 2) : options.validation;
  const config = options.config ?? { num_layers: 2, hidden_dim: 5 };
  const definition = findModel(options.model ?? 'mlp_regressor', []) as FeatureModel;
  const facts = { inputWidth: train.width, outputWidth: train.targetWidth };
  const tree = definition.describe(config, facts);
  const datamodule: DataModulePlan = {
    train: { batchSize: 4, dropLast: true, shuffle: true, ...options.train },
    validation: { batchSize: 4, dropLast: false },
    test: { batchSize: 4 },
    predict: { batchSize: 4 },
    neighbours: null,
    shuffleSeed: null,
  };
  const trainer = { ...TRAINER, ...options.trainer };
  const { batchSize, dropLast } = datamodule.train;
  const batches = dropLast ? Math.floor(train.rows / batchSize) : Math.ceil(train.rows / batchSize);
  const batchesPerEpoch = Math.min(batches, trainer.limitTrainBatches ?? batches);
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / trainer.accumulateGradBatches);
  const stage: StagePlan = {
    index: options.index ?? 0,
    name: 'tiny',
    kind: 'stage',
    freezeModules: options.freeze ?? [],
    mask: resolveFreeze(options.freeze ?? [], tree),
    trainer,
    datamodule,
    optimizer: options.optimizer ?? { name: 'Adam', config: { lr: 0.01 } },
    scheduler: options.scheduler ?? null,
    carryWeights: options.carryWeights ?? 'last',
    carryOptimizer: 'reset',
    batchesPerEpoch,
    stepsPerEpoch,
    totalSteps: trainer.maxSteps >= 0 ? trainer.maxSteps : trainer.maxEpochs * stepsPerEpoch,
    origins: {},
    dropped: [],
  };
  const seed = options.seed ?? 7;
  return {
    seed,
    stage,
    model: { definition, config, facts, ops: createOps() },
    tree,
    inputWeights: options.weights ?? initialiseWeights(tree, seed),
    train,
    validation,
  };
}

/** A stage with everything on that could break a resume: dropout, BatchNorm, shuffle, accumulation with a short window, clipping, early stopping. */
export function makeHardSetup(trainer: Partial<TrainerPlan> = {}): FeatureSetup {
  return makeSetup({
    config: { num_layers: 3, hidden_dim: 6, dropout: 0.3, batch_norm: true },
    trainer: {
      maxEpochs: 4,
      accumulateGradBatches: 2,
      gradientClipVal: 0.5,
      logEveryNSteps: 2,
      earlyStopping: {
        monitor: 'val/total/loss',
        mode: 'min',
        minDelta: 10,
        patience: 2,
        strict: true,
        checkFinite: true,
        stoppingThreshold: null,
        divergenceThreshold: null,
      },
      ...trainer,
    },
    optimizer: { name: 'AdamW', config: { lr: 0.05, amsgrad: true } },
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: 12 }, interval: 'step', frequency: 1 },
  });
}

/** A stage's fate in memory: every snapshot, ledger row and sample line, and what the loop said. */
export interface Recording {
  readonly snapshots: SnapshotRequest[];
  readonly lines: SampleLogLine[];
  readonly rows: string[];
  readonly progress: TrainerProgress[];
  readonly phases: string[];
}

/** What a test does to a fit. */
export interface FitOptions {
  readonly snapshotEveryStep?: boolean;
  readonly resume?: TrainingState | null;
  readonly resumedElapsedMs?: number;
  /** Called at each step boundary with the steps done. */
  readonly request?: () => SaveRequest;
  readonly now?: () => number;
  readonly onCommit?: (request: SnapshotRequest) => void;
}

/** Runs fit with sinks in memory. */
export async function record(
  setup: StageSetup,
  options: FitOptions = {},
): Promise<{ readonly outcome: FitOutcome; readonly log: Recording }> {
  const log: Recording = { snapshots: [], lines: [], rows: [], progress: [], phases: [] };
  const resumed = options.resume ?? null;
  let newest: CommittedSnapshot | null =
    resumed === null ? null : { snapshot: 0, step: resumed.counters.step, stateDigest: digestState(resumed) };
  const deps: FitDependencies = {
    now: options.now ?? (() => 0),
    nextTurn: () => Promise.resolve(),
    sink: {
      newest: () => newest,
      commit(request) {
        options.onCommit?.(request);
        log.snapshots.push(request);
        log.rows.push(...request.ledgerRows);
        newest = { snapshot: (newest?.snapshot ?? -1) + 1, step: request.state.counters.step, stateDigest: digestState(request.state) };
        return Promise.resolve(newest);
      },
    },
    sampleLog: { append: (line) => void log.lines.push(line), flush: () => Promise.resolve(log.lines.length) },
    events: {
      phase: (phase) => void log.phases.push(phase),
      progress: (progress) => void log.progress.push(progress),
      snapshot: () => undefined,
    },
    takeRequest: options.request ?? (() => 'none'),
    snapshotEveryStep: options.snapshotEveryStep ?? false,
    resume: resumed,
    resumedElapsedMs: options.resumedElapsedMs ?? 0,
  };
  return { outcome: await fit(setup, deps), log };
}

/** The last state that a recording holds. */
export function lastState(log: Recording): TrainingState {
  const last = log.snapshots.at(-1);
  if (last === undefined) throw new Error('no snapshot was committed');
  return last.state;
}

/** SHA-256 over everything in a training state. */
export function digestState(state: TrainingState): string {
  const hash = createHash('sha256')
    .update(canonicalJson(state.counters as unknown as Json))
    .update(canonicalJson(state.monitor as unknown as Json));
  const slots = new Map(
    [...state.slots].flatMap(([path, byName]) => Object.entries(byName).map(([name, data]) => [`${path}/${name}`, data] as const)),
  );
  for (const tensors of [state.weights, slots, state.best ?? new Map(), state.ema ?? new Map()])
    for (const chunk of weightsToChunks(tensors)) hash.update(chunk);
  return hash.digest('hex');
}
