import type { MonitorState, TrainingCounters, TrainingState } from '../artifacts/training-state.ts';
import { decodeNumber, encodeNumber, type Metrics } from '../contracts/json.ts';
import type { Weights } from '../contracts/tensors.ts';
import type { StageBatches } from './batch-source.ts';
import { epochOrder, type Rows } from './batches.ts';
import { PHASE_BUDGETS_MS } from './budgets.ts';
import { createDeviceState, type DeviceState } from './device-state.ts';
import { initialEarlyStopping } from './early-stopping.ts';
import type { FitDependencies } from './fit-types.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createLossMeter, type LossMeter } from './loss-meter.ts';
import type { HeadMetrics } from './metrics/head-metrics.ts';
import { createOptimizer } from './optimizers/create-optimizer.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { createScheduler } from './schedulers/create-scheduler.ts';
import { type PlateauRule, reduceLROnPlateau } from './schedulers/reduce-lr-on-plateau.ts';
import type { GroupSettings, Scheduler } from './schedulers/scheduler.ts';
import { createSnapshotPolicy, type SnapshotPolicy } from './snapshot-policy.ts';
import type { StageSetup } from './stage-setup.ts';
import { stopReason } from './stop-reason.ts';
import { createWeightAverage, type WeightAverage } from './weight-averaging.ts';

/** A stage in training. Positions and tensors move on between two optimizer steps only. */
export interface FitRun {
  readonly setup: StageSetup;
  readonly deps: FitDependencies;
  readonly optimizer: Optimizer;
  readonly scheduler: Scheduler;
  /** The rule of a ReduceLROnPlateau; null with other schedulers. */
  readonly plateau: PlateauRule | null;
  readonly state: DeviceState;
  readonly meter: LossMeter;
  readonly ledger: Ledger;
  readonly policy: SnapshotPolicy;
  /** EMA of the weights; null: none is kept. */
  readonly average: WeightAverage | null;
  position: Position;
  monitor: MonitorState;
  best: Weights | null;
  /** Row orders of the epoch at hand and of those looked ahead to. */
  readonly orders: Map<number, Rows>;
  /** Where batches come from: rows as they are, or what the frozen prefix made of them once that is computed. */
  batches: StageBatches;
  /** What validations are judged by, each from nothing; null before the first. */
  validationMetrics: HeadMetrics | null;
  /** Newest metrics of a logged step, for progress. */
  logged: Metrics;
  /** What the schedule said for the newest step, by parameter group; empty before the first. */
  lastSettings: readonly GroupSettings[];
  /** Monotonic milliseconds at which this attempt would have begun had it done all the training so far. */
  startedAt: number;
  /** Budget of a step, from the dry run. */
  stepBudgetMs: number;
}

/** Counters that the loop itself moves; the others are read from where they live. */
export type Position = Pick<TrainingCounters, 'epoch' | 'batch' | 'step' | 'samplesSeen' | 'metrics' | 'stopRequested' | 'stoppedBy'>;

/** Puts a stage on the device, from its input weights or from the state to resume. */
export function createFitRun(setup: StageSetup, deps: FitDependencies, batches: StageBatches): FitRun {
  const { stage } = setup;
  const resume = deps.resume;
  const optimizer = createOptimizer(stage.optimizer);
  const plateau = plateauOf(setup);
  const position = resume?.counters ?? firstPosition(setup);
  const epochLoss = resume?.counters.epochLoss ?? { sum: 0, samples: 0 };
  const policy = createSnapshotPolicy(stage.trainer.snapshot, { everyStep: deps.snapshotEveryStep, now: deps.now });
  policy.committed(position.step);
  const state = createDeviceState(setup, optimizer, resume);
  const averaging = stage.trainer.weightAveraging;
  return {
    setup,
    deps,
    optimizer,
    scheduler: createScheduler(stage.scheduler, optimizer.baseLrs),
    plateau,
    state,
    meter: createLossMeter({ sum: decodeNumber(epochLoss.sum), samples: epochLoss.samples }),
    ledger: createLedger(stage.index, resume?.counters.ledgerChain ?? ''),
    policy,
    average: averaging === undefined ? null : createWeightAverage(averaging, state, resume?.ema),
    position: pickPosition(position),
    monitor: resume?.monitor ?? { ...firstMonitor(setup), ...(plateau === null ? {} : { plateau: plateau.initial(optimizer.baseLrs) }) },
    best: resume?.best ?? null,
    validationMetrics: null,
    logged: {},
    lastSettings: [],
    startedAt: deps.now() - (deps.resumedElapsedMs ?? 0),
    orders: new Map(),
    batches,
    stepBudgetMs: PHASE_BUDGETS_MS.dryRun,
  };
}

/** Copies everything that the next step depends on to the host. The loss meter has to be drained before. */
export async function captureState(run: FitRun): Promise<TrainingState> {
  const { sum, samples } = run.meter.epoch();
  const ema = await run.average?.download();
  return {
    ...(await run.state.download()),
    ...(ema === undefined ? {} : { ema }),
    best: run.best,
    counters: {
      ...run.position,
      parameterSteps: Object.fromEntries(run.state.parameterSteps),
      epochLoss: { sum: encodeNumber(sum), samples },
      ledgerChain: run.ledger.chain(),
    },
    monitor: run.monitor,
  };
}

/** The learning rate of the newest step, of the optimizer's own group; NaN before the first. */
export function lastLr({ lastSettings: [own] }: FitRun): number {
  return own?.lr ?? Number.NaN;
}

/** The rows of an epoch in training order; those of the epoch at hand and of later ones are kept. */
export function orderOf(run: FitRun, epoch: number): Rows {
  const known = run.orders.get(epoch);
  if (known !== undefined) return known;
  for (const other of run.orders.keys()) if (other < run.position.epoch) run.orders.delete(other);
  const order = epochOrder(run.setup.stage, run.setup.train.rows, { seed: run.setup.seed, epoch });
  run.orders.set(epoch, order);
  return order;
}

function firstPosition({ stage }: StageSetup): Position {
  const start = { epoch: 0, step: 0, stopRequested: false };
  return { ...start, batch: 0, samplesSeen: 0, metrics: {}, stoppedBy: stopReason(stage.trainer, start) };
}

function plateauOf({ stage: { scheduler } }: StageSetup): PlateauRule | null {
  if (scheduler?.name !== 'ReduceLROnPlateau') return null;
  return reduceLROnPlateau({ owner: 'scheduler ReduceLROnPlateau', values: scheduler.config });
}

function firstMonitor({ stage }: StageSetup): MonitorState {
  const plan = stage.trainer.earlyStopping;
  return { earlyStopping: plan === null ? null : initialEarlyStopping(plan), best: null };
}

function pickPosition({ epoch, batch, step, samplesSeen, metrics, stopRequested, stoppedBy }: Position): Position {
  return { epoch, batch, step, samplesSeen, metrics, stopRequested, stoppedBy };
}
