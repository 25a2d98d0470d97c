import type { TorchArguments } from '../torch-arguments.ts';

/** The learning rate as a pure function of where training is. */
export interface Scheduler {
  /**
   * The rate that an optimizer step uses. `step`: optimizer steps of the stage before it (0 for the first); `epoch`: 0-based.
   * Which of the two counts is the plan's `interval`.
   */
  lrAt(position: { readonly step: number; readonly epoch: number }): number;
}

/** The rate after `count` calls of torch's `scheduler.step()`, in closed form and float64. */
export type RateCurve = (count: number, baseLr: number) => number;

/** Binds the arguments of a torch class; throws STAGE_INVALID for values that torch would refuse. One file each. */
export type RateCurveFactory = (config: TorchArguments) => RateCurve;
