import type { PlateauState } from '../../artifacts/training-state.ts';
import type { TorchArguments } from '../torch-arguments.ts';

/** Where training is, for a schedule. */
export interface SchedulePosition {
  /** Optimizer steps of the stage before this one (0 for the first). */
  readonly step: number;
  /** 0-based. */
  readonly epoch: number;
  /** What ReduceLROnPlateau remembers; the other schedulers have no state. */
  readonly plateau?: PlateauState | undefined;
}

/** What one optimizer step takes from the schedule, for one parameter group. */
export interface GroupSettings {
  readonly lr: number;
  /** Stands in for momentum, or for the first of betas; absent: the optimizer's own. */
  readonly momentum?: number;
}

/** Learning rates as a pure function of where training is. Which count goes in, steps or epochs, is the plan's `interval`. */
export interface Scheduler {
  /** Settings of each parameter group: the optimizer's own first, then `groups` in order. */
  settingsAt(position: SchedulePosition): readonly GroupSettings[];
}

/** The rate after `count` calls of torch's `scheduler.step()`, in float64. Lists of schedulers apart, in closed form. */
export type RateCurve = (count: number, baseLr: number) => number;

/** Binds the arguments of a torch class; throws STAGE_INVALID for values that torch would refuse. One file each. */
export type RateCurveFactory = (config: TorchArguments) => RateCurve;

/** The momentum after `count` calls; the same for every group. */
export type MomentumCurve = (count: number) => number;
