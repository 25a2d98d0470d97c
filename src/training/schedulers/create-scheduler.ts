import type { SchedulerPlan, WarmupPlan } from '../../contracts/plan.ts';
import type { TorchArguments } from '../torch-arguments.ts';
import { chainedScheduler } from './chained-scheduler.ts';
import { momentumCurve } from './momentum-cycle.ts';
import { rateCurve } from './rate-curves.ts';
import type { GroupSettings, RateCurve, SchedulePosition, Scheduler } from './scheduler.ts';
import { sequentialLR } from './sequential-lr.ts';

/** A plan whose name has not been checked. */
type NamedPlan = Omit<SchedulerPlan, 'name'> & { readonly name: string };

/**
 * Creates the scheduler that a plan names; null gives the base rates for ever. `baseLrs` has the rate of each parameter group. Pure: nothing
 * to save but the step, the epoch and, for ReduceLROnPlateau, its state.
 * torch steps its scheduler after every `frequency` optimizer steps (or epochs), so the curve is read at floor(position / frequency).
 * Lightning counts a step interval's frequency from each epoch's first batch; here it counts the stage's optimizer steps.
 * Throws NOT_AVAILABLE for a name without an implementation, STAGE_INVALID for values that torch would refuse.
 */
export function createScheduler(plan: NamedPlan | null, baseLrs: readonly number[]): Scheduler {
  if (plan === null) return { settingsAt: () => baseLrs.map((lr) => ({ lr })) };
  return { settingsAt: warmedUp(plan.warmup, scheduleOf(plan, baseLrs)) };
}

type Settings = (position: SchedulePosition) => readonly GroupSettings[];

function scheduleOf(plan: NamedPlan, baseLrs: readonly number[]): Settings {
  const config = { owner: `scheduler ${plan.name}`, values: plan.config };
  if (plan.name === 'ReduceLROnPlateau') return ({ plateau }) => (plateau?.rates ?? baseLrs).map((lr) => ({ lr }));
  const curve = curveOf(plan.name, config);
  const momentum = momentumCurve(plan.name, config);
  const { interval, frequency } = plan;
  return ({ step, epoch }) => {
    const count = Math.floor((interval === 'step' ? step : epoch) / frequency);
    const cycled = momentum === null ? {} : { momentum: momentum(count) };
    return baseLrs.map((baseLr) => ({ lr: curve(count, baseLr), ...cycled }));
  };
}

function curveOf(name: string, config: TorchArguments): RateCurve {
  if (name === 'SequentialLR') return sequentialLR(config);
  return name === 'ChainedScheduler' ? chainedScheduler(config) : rateCurve(name, config);
}

/**
 * Puts a linear rise in front of a schedule: step s of W uses start_factor + (1 - start_factor) * s / W of the schedule's first rates (torch's
 * LinearLR), and the schedule counts from its end. A plateau goes on being judged meanwhile.
 */
function warmedUp(warmup: WarmupPlan | undefined, schedule: Settings): Settings {
  if (warmup === undefined) return schedule;
  const { steps, startFactor, epochs } = warmup;
  return ({ step, epoch, plateau }) => {
    if (step >= steps) return schedule({ step: step - steps, epoch: Math.max(0, epoch - epochs), plateau });
    const factor = startFactor + ((1 - startFactor) * step) / steps;
    return schedule({ step: 0, epoch: 0, plateau }).map((settings) => ({ ...settings, lr: settings.lr * factor }));
  };
}
