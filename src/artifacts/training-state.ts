import type { JsonNumber, JsonObject, Metrics } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import type { TensorData, Weights } from '../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import type { SnapshotContent, SnapshotManifest } from './snapshot.ts';
import { loadStageState, saveStageState } from './stage-state.ts';
import type { ArtifactStore } from './store.ts';

/** Everything that the next optimizer step depends on, on the host. Random streams are functions of the counters and need no saving. */
export interface TrainingState {
  /** Trainable parameters and all buffers by path. Frozen parameters are the stage's input and not in here. */
  readonly weights: Weights;
  /** Optimizer slots: parameter path -> slot name -> values. */
  readonly slots: ReadonlyMap<string, Readonly<Record<string, TensorData>>>;
  /** The same paths as `weights`, at the best validation so far; null before the first. */
  readonly best: Weights | null;
  /** The same paths as `weights`, averaged by EMAWeightAveraging. Absent: nothing is averaged (yet). */
  readonly ema?: Weights;
  readonly counters: TrainingCounters;
  readonly monitor: MonitorState;
}

/** Where training stands, always between two optimizer steps. */
export interface TrainingCounters {
  /** 0-based epoch and batch that come next. */
  readonly epoch: number;
  readonly batch: number;
  /** Optimizer steps done. */
  readonly step: number;
  readonly samplesSeen: number;
  /** Updates of each trainable parameter. */
  readonly parameterSteps: Readonly<Record<string, number>>;
  /** Sum of loss x samples over the epoch so far (float64), and its samples. */
  readonly epochLoss: { readonly sum: JsonNumber; readonly samples: number };
  /** Newest value of each metric that an epoch's end gave. */
  readonly metrics: Metrics;
  /** SHA-256 chain over all epoch rows of the ledger; step rows depend on log_every_n_steps, which changes no number, and are left out. */
  readonly ledgerChain: string;
  readonly stopRequested: boolean;
  /** Set once the stage is done: max_epochs, max_steps, max_time or early_stopping. */
  readonly stoppedBy: string | null;
}

/** What validation remembers. */
export interface MonitorState {
  readonly earlyStopping: { readonly waitCount: number; readonly best: JsonNumber } | null;
  readonly best: { readonly value: JsonNumber } | null;
  /** ReduceLROnPlateau; absent with every other scheduler. */
  readonly plateau?: PlateauState;
}

/** What ReduceLROnPlateau remembers between epochs. */
export interface PlateauState {
  /** Best value so far; an infinity before the first one. */
  readonly best: JsonNumber;
  readonly numBadEpochs: number;
  readonly cooldownCounter: number;
  /** The learning rate of each parameter group as reduced so far. */
  readonly rates: readonly number[];
}

/** The parts of a snapshot that a training state fills. */
export type SnapshotState = Pick<SnapshotContent, 'step' | 'epoch' | 'batch' | 'samplesSeen' | 'state' | 'best' | 'counters' | 'monitor'>;

/**
 * Stores the tensors of a training state: one canonical safetensors blob with the prefixes `weights/`, `slots/` and `ema/`, and one with the best
 * weights. `knownBest` is the reference of these very best weights when they are stored already.
 */
export async function saveTrainingState(
  store: ArtifactStore,
  key: string,
  input: { readonly state: TrainingState; readonly knownBest: Ref | null },
): Promise<SnapshotState> {
  const { state, knownBest } = input;
  const { epoch, batch, step, samplesSeen, ...counters } = state.counters;
  return {
    step,
    epoch,
    batch,
    samplesSeen,
    state: await saveStageState(store, key, toTensors(state)),
    best: state.best === null ? null : (knownBest ?? (await saveStageState(store, key, prefixed('best', state.best)))),
    counters: counters as unknown as JsonObject,
    monitor: state.monitor as unknown as JsonObject,
  };
}

/** Loads the training state that a snapshot holds. Errors as `loadStageState`. */
export async function loadTrainingState(store: ArtifactStore, key: string, snapshot: SnapshotManifest): Promise<TrainingState> {
  const tensors = await loadStageState(store, key, snapshot.state);
  const { epoch, batch, step, samplesSeen } = snapshot;
  return {
    ...fromTensors(tensors),
    best: snapshot.best === null ? null : unprefixed('best', await loadStageState(store, key, snapshot.best)),
    // Written by saveTrainingState: the manifest's digest has been checked.
    counters: { ...(snapshot.counters as unknown as TrainingCounters), epoch, batch, step, samplesSeen },
    monitor: snapshot.monitor as unknown as MonitorState,
  };
}

/**
 * Replaces the tensors that a stage trains (or moves, as buffers) in its input weights. Every tensor must be in the input with that
 * shape, and none may be frozen: FROZEN_CHANGED.
 */
export function mergeWeights(input: Weights, trained: Weights, frozen: readonly string[]): Weights {
  const frozenPaths = new Set(frozen);
  const wrong = [...trained.keys()].filter((path) => frozenPaths.has(path) || !input.has(path));
  if (wrong.length > 0) {
    const problems = wrong.map((path) => ({
      where: path,
      text: frozenPaths.has(path) ? 'is frozen in this stage' : "is not in the stage's input",
    }));
    throw new RootstockError(
      'FROZEN_CHANGED',
      composeMessage('The training state holds tensors that this stage must not change.', problems),
      {
        paths: wrong,
      },
    );
  }
  return new Map([...input].map(([path, data]) => [path, trained.get(path) ?? data]));
}

function toTensors({ weights, slots, ema }: TrainingState): Weights {
  const tensors = prefixed('weights', weights);
  for (const [path, byName] of slots) for (const [name, data] of Object.entries(byName)) tensors.set(`slots/${path}/${name}`, data);
  for (const [name, data] of prefixed('ema', ema ?? new Map())) tensors.set(name, data);
  return tensors;
}

function fromTensors(tensors: Weights): Pick<TrainingState, 'weights' | 'slots' | 'ema'> {
  const slots = new Map<string, Record<string, TensorData>>();
  for (const [name, data] of unprefixed('slots', tensors)) {
    const at = name.lastIndexOf('/');
    const path = name.slice(0, at);
    slots.set(path, { ...slots.get(path), [name.slice(at + 1)]: data });
  }
  const ema = unprefixed('ema', tensors);
  return { weights: unprefixed('weights', tensors), slots, ...(ema.size === 0 ? {} : { ema }) };
}

function prefixed(prefix: string, weights: Weights): Map<string, TensorData> {
  return new Map([...weights].map(([path, data]) => [`${prefix}/${path}`, data]));
}

function unprefixed(prefix: string, tensors: Weights): Map<string, TensorData> {
  const own = [...tensors].filter(([name]) => name.startsWith(`${prefix}/`));
  return new Map(own.map(([name, data]) => [name.slice(prefix.length + 1), data]));
}
