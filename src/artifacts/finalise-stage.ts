import type { StagePlan } from '../contracts/plan.ts';
import type { Ref } from '../contracts/refs.ts';
import type { StageResult } from '../contracts/stage-activities.ts';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import { saveOptimizerState } from './optimizer-state.ts';
import { loadWeights, saveWeights } from './safetensors/weights-blob.ts';
import type { SnapshotManifest } from './snapshot.ts';
import type { ArtifactStore } from './store.ts';
import { loadTrainingState, mergeWeights } from './training-state.ts';

/** What a finished stage is made from. */
export interface FinaliseInput {
  readonly store: ArtifactStore;
  readonly stage: StagePlan;
  readonly stageKey: string;
  readonly inputWeights: Ref;
  /** The stage's last snapshot. */
  readonly snapshot: SnapshotManifest;
  /** Digest of the tensors among complete weights that the stage must not change: `freezeDigest` of src/transfer, bound by the caller. */
  readonly frozenDigest: (weights: Weights) => string;
}

/** The weights of a finished stage by kind, and the proof that frozen ones are unchanged. */
export type FinalWeights = Pick<StageResult, 'lastWeights' | 'bestWeights' | 'emaWeights' | 'optimizerState' | 'freezeReceipt'>;

/**
 * Makes complete canonical weights of a stage's last snapshot and its input. Works on host arrays; a second call gives the same references.
 *
 * Errors: FROZEN_CHANGED when a frozen tensor is not what it was, INTERNAL when the snapshot is not of a finished stage,
 * STAGE_INVALID when carry_weights is best and no validation gave a best, or ema and nothing was averaged; those of the store.
 */
export async function finaliseStage(input: FinaliseInput): Promise<FinalWeights> {
  const { store, stage, stageKey, snapshot } = input;
  const state = await loadTrainingState(store, stageKey, snapshot);
  if (state.counters.stoppedBy === null) {
    throw new RootstockError('INTERNAL', `Snapshot ${snapshot.n} of stage "${stage.name}" is not its last one.`, { stageKey });
  }
  const start = await loadWeights(store, input.inputWeights);
  const last = mergeWeights(start, state.weights, stage.mask.frozen);
  const best = state.best === null ? null : mergeWeights(start, state.best, stage.mask.frozen);
  const freezeReceipt = { before: input.frozenDigest(start), after: input.frozenDigest(last) };
  if (freezeReceipt.before !== freezeReceipt.after) throw frozenChanged(stage, freezeReceipt);
  if (best === null && stage.carryWeights === 'best') throw noBest(stage);
  if (state.ema === undefined && stage.carryWeights === 'ema') throw noEma(stage);
  const ema = state.ema === undefined ? {} : { emaWeights: await saveWeights(store, mergeWeights(start, state.ema, stage.mask.frozen)) };
  return {
    lastWeights: await saveWeights(store, last),
    bestWeights: best === null ? null : await saveWeights(store, best),
    ...ema,
    ...(stage.carryOptimizer === 'matching' ? { optimizerState: await saveOptimizerState(store, state) } : {}),
    freezeReceipt,
  };
}

function frozenChanged(stage: StagePlan, receipt: { readonly before: string; readonly after: string }): RootstockError {
  return new RootstockError(
    'FROZEN_CHANGED',
    `Training stage "${stage.name}" has changed frozen tensors: their digest was ${receipt.before} before and is ${receipt.after} after.`,
    { stage: stage.name, ...receipt },
  );
}

function noEma(stage: StagePlan): RootstockError {
  return new RootstockError(
    'STAGE_INVALID',
    `Stage "${stage.name}" should hand on its averaged weights, but it ended before the first average was taken.\nFix: set carry_weights: last, or lower update_starting_at_step of EMAWeightAveraging.`,
    { stage: stage.name },
  );
}

function noBest(stage: StagePlan): RootstockError {
  return new RootstockError(
    'STAGE_INVALID',
    `Stage "${stage.name}" should hand on its best weights, but "${stage.trainer.checkpointMonitor.monitor}" was never logged.\nFix: set carry_weights: last, or name a metric of the validation split.`,
    { stage: stage.name },
  );
}
