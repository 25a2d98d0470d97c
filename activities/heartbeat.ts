import { Context } from '@temporalio/activity';
import { RootstockError } from '../src/errors.ts';

/** Heartbeats go out each second: a cancel arrives only in the reply to one. */
const HEARTBEAT_MS = 1_000;

/** What a watched piece of work may use. */
export interface Watched {
  /** Says that work goes on; `details` go out with the next heartbeat. */
  readonly tick: (details?: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs work with a heartbeat each second for as long as it makes progress: when nothing ticks for `quietMs`
 * the heartbeats stop and the work fails with TRAINER_STALLED, so that a hung disk is seen and not hidden.
 */
export async function withHeartbeat<T>(quietMs: number, work: (watched: Watched) => Promise<T>): Promise<T> {
  const context = Context.current();
  let last = Date.now();
  let details: unknown;
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (Date.now() - last > quietMs) {
        reject(
          new RootstockError('TRAINER_STALLED', `The activity ${context.info.activityType} made no progress for ${quietMs / 1000} s.`),
        );
        return;
      }
      context.heartbeat(details);
    }, HEARTBEAT_MS);
  });
  const tick = (news?: unknown) => {
    last = Date.now();
    if (news !== undefined) details = news;
  };
  try {
    return await Promise.race([work({ tick, signal: context.cancellationSignal }), quiet]);
  } finally {
    clearInterval(timer);
  }
}
