import type { TrainResult } from '../contracts/stage-activities.ts';
import { type BatchSources, openBatches } from './batch-source.ts';
import { PHASE_BUDGETS_MS } from './budgets.ts';
import { drainLosses } from './check-losses.ts';
import { validate } from './end-epoch.ts';
import { captureState, createFitRun, type FitRun, lastLr } from './fit-run.ts';
import type { FitDependencies, FitOutcome } from './fit-types.ts';
import { openPrefixCache } from './prefix-cache/prefix-cache.ts';
import type { CommittedSnapshot } from './snapshot-sink.ts';
import type { StageSetup } from './stage-setup.ts';
import { dryRun, trainStep } from './train-step.ts';
import { verifyFrozen } from './verify-frozen.ts';

/**
 * Trains one stage to its end on the active backend, from its input weights or from a saved state, and commits snapshots on the way: when
 * the policy says so, on request, and always at the end. Interrupting it anywhere and going on from the newest snapshot gives
 * the same bits as an undisturbed run.
 *
 * Errors: NON_FINITE_LOSS, MONITOR_NOT_FOUND, FROZEN_CHANGED, KERNEL_MISSING and what the model throws (no retry helps); LEASE_LOST,
 * STORE_IO, OUT_OF_MEMORY (a retry goes on from the newest snapshot).
 */
export async function fit(setup: StageSetup, deps: FitDependencies): Promise<FitOutcome> {
  const { train, validation, stage } = setup;
  const batches = deps.batches ?? openBatches(stage.datamodule.neighbours);
  const run = createFitRun(setup, deps, { train: batches.of(train), validation: validation === null ? null : batches.of(validation) });
  try {
    return await trainToEnd(run, batches);
  } finally {
    run.meter.dispose();
    run.average?.dispose();
    run.state.dispose();
    run.batches.train.forget?.();
    run.batches.validation?.forget?.();
    await batches.close();
  }
}

async function trainToEnd(run: FitRun, batches: BatchSources): Promise<FitOutcome> {
  if (run.position.stoppedBy === null) await prepare(run, batches);
  run.startedAt = run.deps.now() - (run.deps.resumedElapsedMs ?? 0);
  const started = { time: run.deps.now(), step: run.position.step };
  for (;;) {
    const request = run.deps.takeRequest();
    const done = run.position.stoppedBy;
    if (done !== null) await verifyFrozen(run);
    if (done !== null || request !== 'none' || run.policy.isDue(run.position.step)) {
      const snapshot = await commit(run);
      if (done !== null) return { kind: 'finished', result: toResult(run, done, snapshot) };
      if (request === 'stop') return { kind: 'saved', snapshot };
    }
    await trainStep(run);
    reportProgress(run, started);
  }
}

async function prepare(run: FitRun, batches: BatchSources): Promise<void> {
  const { events, nextTurn } = run.deps;
  const encoding = async () => {
    events.phase('encode', PHASE_BUDGETS_MS.dryRun);
    await nextTurn();
  };
  const cached = await openPrefixCache({ setup: run.setup, params: run.state.params(), batches, between: encoding });
  run.batches = cached ?? run.batches;
  events.phase('dry_run', PHASE_BUDGETS_MS.dryRun);
  await dryRun(run);
  const sanity = run.setup.stage.trainer.numSanityValSteps;
  if (sanity !== 0 && run.position.step === 0) await validate(run, sanityLimit(sanity, run.setup.stage.trainer.limitValBatches));
}

/** -1 means all batches, as in Lightning. */
function sanityLimit(steps: number, limit: number | null): number | null {
  if (steps < 0) return limit;
  return limit === null ? steps : Math.min(steps, limit);
}

/** Commits the state at hand, unless the newest snapshot is of this very step: a state is a function of its step. */
async function commit(run: FitRun): Promise<CommittedSnapshot> {
  const { sink, events, sampleLog } = run.deps;
  const newest = sink.newest();
  if (newest !== null && newest.step === run.position.step) return newest;
  events.phase('commit', PHASE_BUDGETS_MS.commit);
  await drainLosses(run);
  const state = await captureState(run);
  const sampleLines = await sampleLog.flush();
  const elapsedMs = run.deps.now() - run.startedAt;
  const committed = await sink.commit({ state, ledgerRows: run.ledger.pending(), sampleLines, elapsedMs });
  sampleLog.append({ snapshot: committed.snapshot, step: committed.step });
  run.ledger.committed();
  run.policy.committed(committed.step);
  events.snapshot(committed);
  return committed;
}

function toResult(run: FitRun, stoppedBy: string, committed: CommittedSnapshot): TrainResult {
  const { epoch: epochs, step: steps, metrics } = run.position;
  return { snapshot: committed.snapshot, stateDigest: committed.stateDigest, epochs, steps, metrics, stoppedBy };
}

function reportProgress(run: FitRun, started: { readonly time: number; readonly step: number }): void {
  const { epoch, step, metrics } = run.position;
  const { stage } = run.setup;
  const seconds = (run.deps.now() - started.time) / 1000;
  run.deps.events.progress({
    epoch,
    step,
    totalSteps: stage.totalSteps,
    maxEpochs: stage.trainer.maxEpochs,
    lr: lastLr(run),
    metrics: { ...metrics, ...run.logged },
    stepsPerSecond: seconds > 0 ? (step - started.step) / seconds : 0,
  });
}
