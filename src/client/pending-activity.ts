import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { TrainHeartbeat } from '../contracts/run-state.ts';
import { temporalCommon } from './temporal.ts';

const { defaultPayloadConverter } = temporalCommon;

/** What a run is doing, as the server knows it: without any worker. Times are ISO 8601. A stable interface. */
export interface PendingActivity {
  readonly activity: string;
  /** `retrying`: waits until `next_attempt_at`. `scheduled`: waits for a worker. */
  readonly state: 'running' | 'scheduled' | 'retrying' | 'paused' | 'stopping';
  /** From 1. */
  readonly attempt: number;
  /** Of a running attempt; otherwise of the last one. Null: none has had it yet. */
  readonly worker: string | null;
  /** When the newest attempt began; null: none has. */
  readonly started_at: string | null;
  readonly last_heartbeat_at: string | null;
  readonly next_attempt_at: string | null;
  readonly last_failure: AttemptFailure | null;
  /** Newest heartbeat of training, also of an attempt that has ended. */
  readonly heartbeat: TrainHeartbeat | null;
}

/** How an attempt ended. `worker_stopped` and `worker_lost`: nothing is wrong with the work. */
export interface AttemptFailure {
  readonly kind: 'worker_stopped' | 'worker_lost' | 'failed';
  /** An error code of Rootstock's, or Temporal's name. */
  readonly code: string;
  readonly message: string;
}

/** The activities that a run has begun and not finished. Pure; `now` in milliseconds. */
export function pendingActivities({ raw }: Pick<WorkflowExecutionDescription, 'raw'>, now = Date.now()): readonly PendingActivity[] {
  return (raw.pendingActivities ?? []).map((pending) => {
    const next = toMs(pending.nextAttemptScheduleTime) ?? toMs(pending.scheduledTime);
    const state = stateOf(pending, next !== null && next > now);
    return {
      activity: pending.activityType?.name ?? 'activity',
      state,
      attempt: pending.attempt ?? 1,
      worker: pending.lastWorkerIdentity ? pending.lastWorkerIdentity : null,
      started_at: toIso(toMs(pending.lastStartedTime)),
      last_heartbeat_at: toIso(toMs(pending.lastHeartbeatTime)),
      next_attempt_at: state === 'retrying' ? toIso(next) : null,
      last_failure: failureOfAttempt(pending.lastFailure),
      heartbeat: heartbeatOf(pending),
    };
  });
}

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type Timestamp = Pending['scheduledTime'];

/** temporal.api.enums.v1.PendingActivityState; 1 is SCHEDULED. */
const STATES: Readonly<Record<number, PendingActivity['state']>> = { 2: 'running', 3: 'stopping', 4: 'paused', 5: 'stopping' };

function stateOf({ state, lastFailure }: Pending, waits: boolean): PendingActivity['state'] {
  const known = STATES[Number(state)];
  if (known !== undefined) return known;
  return waits && lastFailure != null ? 'retrying' : 'scheduled';
}

/** temporal.api.enums.v1.TimeoutType. */
const HEARTBEAT_TIMEOUT = 4;

/** The type of the failure that a worker answers with for an activity that did not end before the worker had to. */
const WORKER_SHUTDOWN = 'WorkerShutdown';

function failureOfAttempt(failure: Pending['lastFailure']): AttemptFailure | null {
  if (failure == null) return null;
  const message = failure.message ?? '';
  const type = failure.applicationFailureInfo?.type ?? '';
  if (type === WORKER_SHUTDOWN) return { kind: 'worker_stopped', code: type, message };
  const timeout = failure.timeoutFailureInfo;
  if (timeout != null)
    return { kind: Number(timeout.timeoutType) === HEARTBEAT_TIMEOUT ? 'worker_lost' : 'failed', code: 'timeout', message };
  return { kind: 'failed', code: type === '' ? 'failure' : type, message };
}

function heartbeatOf({ activityType, heartbeatDetails }: Pending): TrainHeartbeat | null {
  const payload = heartbeatDetails?.payloads?.[0];
  if (activityType?.name !== 'train' || payload === undefined) return null;
  return defaultPayloadConverter.fromPayload<TrainHeartbeat>(payload);
}

function toMs(time: Timestamp): number | null {
  if (time?.seconds == null) return null;
  return Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}

function toIso(ms: number | null): string | null {
  return ms === null || ms === 0 ? null : new Date(ms).toISOString();
}
