import { decodeNumber, encodeNumber, type JsonNumber } from '../contracts/json.ts';
import type { EarlyStoppingPlan, MonitorPlan } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';

/** What early stopping remembers between validation checks. JSON; part of every snapshot. */
export interface EarlyStoppingState {
  /** Checks in a row without an improvement. */
  readonly waitCount: number;
  /** Best value so far; an infinity before the first one. */
  readonly best: JsonNumber;
}

/** Why training stops early. */
export type StopReason = 'not_finite' | 'stopping_threshold' | 'divergence_threshold' | 'patience';

/** The outcome of one validation check. `message` is for people, null when training goes on. */
export interface EarlyStoppingStep {
  readonly state: EarlyStoppingState;
  readonly stop: boolean;
  readonly reason: StopReason | null;
  readonly message: string | null;
}

/** The state before the first validation check. */
export function initialEarlyStopping(plan: MonitorPlan): EarlyStoppingState {
  return { waitCount: 0, best: encodeNumber(plan.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY) };
}

/**
 * Judges one validation check: Lightning 2.4's EarlyStopping, in its order of tests. `value` is the monitored metric, undefined when
 * it was not logged: then MONITOR_NOT_FOUND if `strict`, otherwise the check does not count. `patience` counts validation checks, and
 * an improvement has to exceed `minDelta`. min_epochs and min_steps are the loop's to apply.
 */
export function stepEarlyStopping(plan: EarlyStoppingPlan, state: EarlyStoppingState, value: number | undefined): EarlyStoppingStep {
  if (value === undefined) {
    if (plan.strict) throw monitorNotFound(plan);
    return { state, stop: false, reason: null, message: null };
  }
  const best = decodeNumber(state.best);
  const better = (left: number, right: number): boolean => (plan.mode === 'min' ? left < right : left > right);
  const stop = (reason: StopReason, why: string, next: EarlyStoppingState = state): EarlyStoppingStep => {
    return { state: next, stop: true, reason, message: `${plan.monitor} = ${value} ${why}; the best value was ${best}.` };
  };
  if (plan.checkFinite && !Number.isFinite(value)) return stop('not_finite', 'is not finite');
  if (plan.stoppingThreshold !== null && better(value, plan.stoppingThreshold)) {
    return stop('stopping_threshold', `has passed the stopping threshold ${plan.stoppingThreshold}`);
  }
  if (plan.divergenceThreshold !== null && better(-value, -plan.divergenceThreshold)) {
    return stop('divergence_threshold', `has passed the divergence threshold ${plan.divergenceThreshold}`);
  }
  const margin = plan.mode === 'min' ? plan.minDelta : -plan.minDelta;
  if (better(value + margin, best)) {
    return { state: { waitCount: 0, best: encodeNumber(value) }, stop: false, reason: null, message: null };
  }
  const waiting = { waitCount: state.waitCount + 1, best: state.best };
  if (waiting.waitCount < plan.patience) return { state: waiting, stop: false, reason: null, message: null };
  return stop(
    'patience',
    `is the last of ${waiting.waitCount} validation checks without an improvement of more than ${plan.minDelta}`,
    waiting,
  );
}

/** The best value of a monitor so far; null before the first validation check. JSON; part of every snapshot. */
export type BestState = { readonly value: JsonNumber } | null;

/**
 * Tracks the best value: Lightning 2.4's ModelCheckpoint with save_top_k 1. The first value always counts, a later one only when it is
 * strictly better. NaN ranks as the worst value there is.
 */
export function stepBest(monitor: MonitorPlan, state: BestState, value: number): { readonly state: BestState; readonly improved: boolean } {
  const worst = monitor.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const ranked = Number.isNaN(value) ? worst : value;
  const best = state === null ? null : decodeNumber(state.value);
  const improved = best === null || (monitor.mode === 'min' ? ranked < best : ranked > best);
  return improved ? { state: { value: encodeNumber(ranked) }, improved } : { state, improved };
}

function monitorNotFound(plan: EarlyStoppingPlan): RootstockError {
  return new RootstockError(
    'MONITOR_NOT_FOUND',
    `EarlyStopping.monitor: expected a logged metric, "${plan.monitor}" was not logged at this validation check.\nFix: name a logged metric, or set strict: false.`,
    { monitor: plan.monitor },
  );
}
