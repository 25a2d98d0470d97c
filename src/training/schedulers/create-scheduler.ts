import type { SchedulerPlan } from '../../contracts/plan.ts';
import { RootstockError } from '../../errors.ts';
import { constantLR } from './constant-lr.ts';
import { cosineAnnealingLR } from './cosine-annealing-lr.ts';
import { cosineAnnealingWarmRestarts } from './cosine-annealing-warm-restarts.ts';
import { cyclicLR } from './cyclic-lr.ts';
import { exponentialLR } from './exponential-lr.ts';
import { linearLR } from './linear-lr.ts';
import { multiStepLR } from './multi-step-lr.ts';
import { oneCycleLR } from './one-cycle-lr.ts';
import { polynomialLR } from './polynomial-lr.ts';
import type { RateCurveFactory, Scheduler } from './scheduler.ts';
import { stepLR } from './step-lr.ts';

/** Every stateless scheduler by its canonical torch name: one file each. Which of them a run file may name is decided in `config`. */
const FACTORIES: Readonly<Record<string, RateCurveFactory>> = {
  ConstantLR: constantLR,
  CosineAnnealingLR: cosineAnnealingLR,
  CosineAnnealingWarmRestarts: cosineAnnealingWarmRestarts,
  CyclicLR: cyclicLR,
  ExponentialLR: exponentialLR,
  LinearLR: linearLR,
  MultiStepLR: multiStepLR,
  OneCycleLR: oneCycleLR,
  PolynomialLR: polynomialLR,
  StepLR: stepLR,
};

/**
 * Creates the scheduler that a plan names; null gives the base rate for ever. Pure: nothing to save but the step and the epoch.
 * torch steps its scheduler after every `frequency` optimizer steps (or epochs), so the curve is read at floor(position / frequency).
 * Lightning counts a step interval's frequency from each epoch's first batch; here it counts the stage's optimizer steps.
 * Throws NOT_AVAILABLE for a name without an implementation, STAGE_INVALID for values that torch would refuse.
 */
export function createScheduler(plan: (Omit<SchedulerPlan, 'name'> & { readonly name: string }) | null, baseLr: number): Scheduler {
  if (plan === null) return { lrAt: () => baseLr };
  const factory = Object.hasOwn(FACTORIES, plan.name) ? FACTORIES[plan.name] : undefined;
  if (factory === undefined) {
    const available = Object.keys(FACTORIES);
    throw new RootstockError(
      'NOT_AVAILABLE',
      `scheduler.name: "${plan.name}" is not available.\nFix: use one of ${available.join(', ')}.`,
      { name: plan.name, available },
    );
  }
  const curve = factory({ owner: `scheduler ${plan.name}`, values: plan.config });
  const { interval, frequency } = plan;
  return { lrAt: ({ step, epoch }) => curve(Math.floor((interval === 'step' ? step : epoch) / frequency), baseLr) };
}
