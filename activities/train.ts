import { mkdir } from 'node:fs/promises';
import { CancelledFailure, Context } from '@temporalio/activity';
import type { StageManifest } from '../src/artifacts/stage-manifest.ts';
import type { BackendName } from '../src/contracts/plan.ts';
import { backendAfter, stageOf } from '../src/contracts/plan-stages.ts';
import type { TrainHeartbeat } from '../src/contracts/run-state.ts';
import type { TrainInput, TrainResult } from '../src/contracts/stage-activities.ts';
import { rawSampleLog, sampleLogDirectory } from '../src/contracts/state-directory.ts';
import type { FitJob, FromTrainer } from '../src/contracts/trainer-protocol.ts';
import { isChildWorkflowId } from '../src/contracts/workflow.ts';
import { RootstockError } from '../src/errors.ts';
import { endsSoon } from '../src/trainer-client/ends-soon.ts';
import type { MakeJob } from '../src/trainer-client/trainer-process.ts';
import type { Trainers } from '../src/trainer-client/trainers.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { loadPlan } from './load-plan.ts';
import { createProgressSignaller } from './progress-signal.ts';
import { NO_LEASE, newestLeaseNumber, retryAfterMs, type StageAttempt, standstillMs, takeStageLease, waitForStage } from './stage-lease.ts';
import { stopOnCancel } from './stop-on-cancel.ts';
import { createTrainHeartbeat, type TrainHeartbeatView } from './train-heartbeat.ts';

/** Heartbeats go out each second while the trainer's watchdog is content, never from a bare timer. */
const HEARTBEAT_MS = 1_000;

/** Trains one stage in a forked trainer, resuming from the newest valid snapshot of its stage key. */
export async function train(deps: ActivityDependencies, input: TrainInput): Promise<TrainResult> {
  const context = Context.current();
  const attempt: StageAttempt = { store: deps.store, stageKey: input.stageKey, context };
  const view = createTrainHeartbeat(input.stage, snapshotHint(context));
  const resolved = await loadPlan(deps.store, input.plan);
  const { trainer, totalSteps } = stageOf(resolved, input.stage);
  const finished = await waitForStage(attempt, {
    standstillMs: standstillMs(trainer.snapshot),
    onWait(reason) {
      view.waitFor(reason);
      context.heartbeat(view.details());
    },
  });
  if (finished !== undefined) return toTrainResult(finished);
  view.waitFor(null);
  const seen = await newestLeaseNumber(attempt);
  await mkdir(sampleLogDirectory(deps.stateDir, input.stageKey), { recursive: true });
  let stalledAttempts = 1;
  const makeJob: MakeJob = async (trainerPid) => {
    const lease = await takeStageLease(attempt, { trainerPid, snapshotHint: view.snapshot(), seen });
    const { number, token, snapshotEveryStep } = lease;
    stalledAttempts = lease.stalledAttempts;
    const { plan, stage, stageKey, mask, inputWeights, inputOptimizer, data } = input;
    return {
      kind: 'fit',
      store: deps.store.location,
      register: deps.register,
      plan,
      stage,
      stageKey,
      mask,
      inputWeights,
      ...(inputOptimizer === undefined ? {} : { inputOptimizer }),
      data,
      lease: { number, token },
      snapshotHint: view.snapshot(),
      snapshotEveryStep,
      sampleLog: rawSampleLog(deps.stateDir, stageKey, number),
    } satisfies FitJob;
  };
  try {
    const { backend } = trainer;
    const next = backendAfter(resolved, input.stage, input.data.test !== undefined) ?? (isPreTraining(context) ? backend : null);
    // Whoever has begun this stage before may have died of a lack of memory.
    const fresh = seen !== NO_LEASE;
    return await runTrainer(context, view, { trainers: deps.trainers, backend, makeJob, totalSteps, next, fresh });
  } catch (error) {
    if (!(error instanceof RootstockError)) throw error;
    throw new RootstockError(
      error.code,
      error.message,
      { ...error.details, retryAfterMs: retryAfterMs(stalledAttempts) },
      { cause: error },
    );
  }
}

interface TrainerRequest {
  readonly trainers: Trainers;
  readonly backend: BackendName;
  readonly makeJob: MakeJob;
  /** Steps of the stage, if nothing stops it earlier. */
  readonly totalSteps: number;
  /** Backend of the trainer that is needed after this one; null: none is. */
  readonly next: BackendName | null;
  /** Whether the process has to be one that has done nothing before. */
  readonly fresh: boolean;
}

/** The run that waits for this one has stages of its own. */
function isPreTraining({ info }: Context): boolean {
  return isChildWorkflowId(info.workflowExecution?.workflowId ?? '');
}

async function runTrainer(
  context: Context,
  view: TrainHeartbeatView,
  { trainers, backend, makeJob, totalSteps, next, fresh }: TrainerRequest,
): Promise<TrainResult> {
  const signaller = createProgressSignaller(context, view.stage);
  const foreseen = new Set<FromTrainer['type']>();
  const hear = (message: FromTrainer) => {
    view.hear(message);
    if (message.type === 'progress') signaller.progress(message);
    if (next === null || next === backend || foreseen.has(message.type) || !endsSoon(message, totalSteps)) return;
    // This one leaves a core free: a trainer of another backend can start beside it, once by the steps and once by the speed.
    foreseen.add(message.type);
    trainers.prepare(next);
  };
  const handle = trainers.start(backend, makeJob, hear, { stay: next === backend, fresh });
  view.started(handle.pid);
  const beat = setInterval(() => {
    if (handle.isContent()) context.heartbeat(view.details(handle.phase()));
  }, HEARTBEAT_MS);
  const unlisten = stopOnCancel(handle, context);
  try {
    const outcome = await handle.outcome;
    if (outcome.type === 'finished') return outcome.result;
    if (outcome.type === 'saved')
      throw new CancelledFailure(`stopped with snapshot ${outcome.snapshot} at step ${outcome.step}`, [view.details()]);
    throw new RootstockError('INTERNAL', `A trainer answered "${outcome.type}" to a fit job.`);
  } catch (error) {
    if (!context.cancellationSignal.aborted || error instanceof CancelledFailure) throw error;
    throw new CancelledFailure(
      `stopped; the stage goes on from snapshot ${view.snapshot()}`,
      [view.details()],
      error instanceof Error ? error : undefined,
    );
  } finally {
    clearInterval(beat);
    unlisten();
    context.heartbeat(view.details(handle.phase()));
    handle.kill();
  }
}

/** Another run has finished this very stage while we waited. */
function toTrainResult({ result, snapshot, stateDigest }: StageManifest): TrainResult {
  return { snapshot, stateDigest, epochs: result.epochs, steps: result.steps, metrics: result.metrics, stoppedBy: 'another run' };
}

/** Where to start probing for snapshots: the last heartbeat's word, a hint only. */
function snapshotHint(context: Context): number {
  const details = context.info.heartbeatDetails as Partial<TrainHeartbeat> | undefined;
  const snapshot = details?.snapshot;
  return typeof snapshot === 'number' && Number.isSafeInteger(snapshot) && snapshot >= 0 ? snapshot : 0;
}
