import type { RunStatus, TrainHeartbeat } from '../contracts/run-state.ts';
import { gone } from './activity-text.ts';
import type { PendingActivity } from './pending-activity.ts';
import type { RunEvent } from './run-events.ts';

/** Tells what is new in a run's unfinished activities since it was asked before. `status`: the newest there is, for names. */
export type ActivityNews = (pending: readonly PendingActivity[], status: RunStatus | null) => readonly RunEvent[];

/** Begins to tell of a run. */
export function createActivityNews(workflowId: string): ActivityNews {
  let lastBeat = '';
  let resumed = '';
  let [told, seen] = ['', ''];
  return (pending, status) => {
    const events: RunEvent[] = [];
    const train = pending.find(({ activity }) => activity === 'train');
    const beat = train?.heartbeat ?? null;
    if (train !== undefined && beat !== null && train.attempt > 1 && isOfThisAttempt(train) && beat.totalSteps > 0) {
      const attempt = `${beat.stage} ${train.attempt}`;
      if (attempt !== resumed)
        events.push({ event: 'resumed', workflow_id: workflowId, stage: stageName(beat, status), step: beat.resumedFromStep });
      resumed = attempt;
    }
    if (beat !== null && JSON.stringify(beat) !== lastBeat) {
      lastBeat = JSON.stringify(beat);
      events.push(...heartbeatEvents(workflowId, beat, status));
    }
    const { reason, passing } = waitingFor(pending);
    if (reason !== told && (!passing || reason === seen)) {
      told = reason;
      if (reason !== '') events.push({ event: 'waiting', workflow_id: workflowId, reason });
    }
    seen = reason;
    return events;
  };
}

/** The server keeps the heartbeat of an attempt that has ended until the next one has its own. */
function isOfThisAttempt({ state, started_at, last_heartbeat_at }: PendingActivity): boolean {
  return state === 'running' && started_at !== null && last_heartbeat_at !== null && Date.parse(last_heartbeat_at) > Date.parse(started_at);
}

function heartbeatEvents(workflowId: string, heartbeat: TrainHeartbeat, status: RunStatus | null): readonly RunEvent[] {
  if (heartbeat.waitingFor !== null) return [{ event: 'waiting', workflow_id: workflowId, reason: heartbeat.waitingFor }];
  if (heartbeat.totalSteps === 0) return []; // the trainer is still starting
  return [{ event: 'progress', workflow_id: workflowId, stage: stageName(heartbeat, status), heartbeat }];
}

function stageName({ stage }: TrainHeartbeat, status: RunStatus | null): string {
  return status?.stages.find(({ index }) => index === stage)?.name ?? `stage ${stage + 1}`;
}

interface Waiting {
  /** In words; empty when the run does not stand still. */
  readonly reason: string;
  /** Said only when it lasts: a worker that has just begun to poll takes the attempt within a moment. */
  readonly passing: boolean;
}

/** What a run waits for. An attempt that goes on after its worker went is no standstill. */
function waitingFor(pending: readonly PendingActivity[]): Waiting {
  const again = pending.find(({ attempt, last_failure }) => attempt > 1 && last_failure !== null);
  const failure = again?.last_failure;
  if (again === undefined || failure == null) return NOTHING;
  if (failure.kind === 'failed') {
    const reason = `attempt ${again.attempt} of ${again.activity}: the one before failed with ${failure.code}: ${inOneLine(failure.message)}`;
    return { reason, passing: false };
  }
  if (again.state === 'running') return NOTHING;
  return { reason: `a worker that goes on with ${again.activity}; ${gone(failure.kind)}`, passing: true };
}

/** The first line of a message, and what helps: it may be somebody's turn while the run tries again. */
function inOneLine(message: string): string {
  const [first = '', ...others] = message.split('\n');
  return [first, ...others.filter((line) => line.startsWith('Fix: '))].join(' ');
}

const NOTHING: Waiting = { reason: '', passing: false };
