import type { PendingActivity } from './pending-activity.ts';

/** What an unfinished activity is at, in words for people. `now` in milliseconds; `what` names it. Pure. */
export function activityText(pending: PendingActivity, now = Date.now(), what: string = pending.activity): string {
  const { attempt, state } = pending;
  const which = attempt === 1 ? what : `${what}, attempt ${attempt}`;
  return `${which}: ${[stateText(pending, now), ...(state === 'running' && attempt === 1 ? [] : lastText(pending))].join('; ')}`;
}

function stateText({ state, worker, last_heartbeat_at, next_attempt_at }: PendingActivity, now: number): string {
  switch (state) {
    case 'running': {
      const heard = last_heartbeat_at === null ? '' : `, last heard of ${seconds(now - Date.parse(last_heartbeat_at))} ago`;
      return `at work${worker === null ? '' : ` in ${worker}`}${heard}`;
    }
    case 'retrying':
      return `begins in ${seconds(Date.parse(next_attempt_at ?? '') - now)}`;
    case 'scheduled':
      return 'waits for a worker';
    case 'paused':
      return 'paused';
    case 'stopping':
      return 'is being stopped';
  }
}

function lastText({ state, last_failure: failure, heartbeat }: PendingActivity): readonly string[] {
  if (failure === null) return [];
  if (failure.kind === 'failed') return [`the one before failed with ${failure.code}: ${failure.message}`];
  const step = state === 'running' ? heartbeat?.resumedFromStep : heartbeat?.snapshotStep;
  if (!step) return [gone(failure.kind)];
  return [state === 'running' ? `went on from the snapshot of step ${step}` : `${gone(failure.kind)} after its snapshot of step ${step}`];
}

/** Why an attempt ended that had nothing wrong with it. */
export function gone(kind: 'worker_stopped' | 'worker_lost'): string {
  return kind === 'worker_stopped' ? 'the worker before was stopped' : 'the worker before was lost';
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
