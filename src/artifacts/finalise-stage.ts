import type { Metrics } from '../contracts/json.ts';
import type { Plan, StagePlan } from '../contracts/plan.ts';
import { stageOf } from '../contracts/plan-stages.ts';
import type { Ref } from '../contracts/refs.ts';
import type { FreezeReceipt } from '../contracts/stage-activities.ts';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import { loadWeights, saveWeights } from './safetensors/weights-blob.ts';
import type { SnapshotManifest } from './snapshot.ts';
import { collectLedger } from './snapshots.ts';
import type { ArtifactStore } from './store.ts';
import { loadTrainingState, mergeWeights } from './training-state.ts';

/** What a finished stage is made from. */
export interface FinaliseInput {
  readonly store: ArtifactStore;
  readonly plan: Plan;
  /** The baseline has index Plan.stages.length. */
  readonly stageIndex: number;
  readonly stageKey: string;
  readonly inputWeights: Ref;
  /** The stage's last snapshot. */
  readonly snapshot: SnapshotManifest;
  /** Digest of the tensors among complete weights that a stage must not change: `freezeDigest` of src/transfer, bound by the caller. */
  readonly receipt: (weights: Weights, stage: StagePlan) => string;
}

/** A finished stage in the store. */
export interface FinalisedStage {
  /** The weights that the next stage starts from: last or best, as carry_weights says. */
  readonly weights: Ref;
  readonly lastWeights: Ref;
  readonly bestWeights: Ref | null;
  /** CSV rows `stage index,epoch,step,name,value` without header. */
  readonly ledger: Ref;
  readonly freezeReceipt: FreezeReceipt;
  readonly epochs: number;
  readonly steps: number;
  readonly metrics: Metrics;
  readonly stoppedBy: string;
}

/**
 * Makes complete canonical weights of a stage's last snapshot and its input. Works on host arrays; a second call gives the same references.
 *
 * Errors: FROZEN_CHANGED when a frozen tensor is not what it was, INTERNAL when the snapshot is not of a finished stage,
 * STAGE_INVALID when carry_weights is best and no validation gave a best; those of the store.
 */
export async function finaliseStage(input: FinaliseInput): Promise<FinalisedStage> {
  const { store, stageKey, snapshot } = input;
  const stage = stageOf(input.plan, input.stageIndex);
  const state = await loadTrainingState(store, stageKey, snapshot);
  const { stoppedBy, metrics } = state.counters;
  if (stoppedBy === null) {
    throw new RootstockError('INTERNAL', `Snapshot ${snapshot.n} of stage "${stage.name}" is not its last one.`, { stageKey });
  }
  const start = await loadWeights(store, input.inputWeights);
  const last = mergeWeights(start, state.weights, stage.mask.frozen);
  const best = state.best === null ? null : mergeWeights(start, state.best, stage.mask.frozen);
  const freezeReceipt = { before: input.receipt(start, stage), after: input.receipt(last, stage) };
  if (freezeReceipt.before !== freezeReceipt.after) throw frozenChanged(stage, freezeReceipt);
  if (best === null && stage.carryWeights === 'best') throw noBest(stage);
  const lastWeights = await saveWeights(store, last);
  const bestWeights = best === null ? null : await saveWeights(store, best);
  return {
    weights: stage.carryWeights === 'best' && bestWeights !== null ? bestWeights : lastWeights,
    lastWeights,
    bestWeights,
    ledger: await collectLedger(store, stageKey, snapshot),
    freezeReceipt,
    epochs: snapshot.epoch,
    steps: snapshot.step,
    metrics,
    stoppedBy,
  };
}

function frozenChanged(stage: StagePlan, receipt: { readonly before: string; readonly after: string }): RootstockError {
  return new RootstockError(
    'FROZEN_CHANGED',
    `Training stage "${stage.name}" has changed frozen tensors: their digest was ${receipt.before} before and is ${receipt.after} after.`,
    { stage: stage.name, ...receipt },
  );
}

function noBest(stage: StagePlan): RootstockError {
  return new RootstockError(
    'STAGE_INVALID',
    `Stage "${stage.name}" should hand on its best weights, but "${stage.trainer.checkpointMonitor.monitor}" was never logged.\nFix: set carry_weights: last, or name a metric of the validation split.`,
    { stage: stage.name },
  );
}
