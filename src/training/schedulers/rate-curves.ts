import { RootstockError } from '../../errors.ts';
import type { TorchArguments } from '../torch-arguments.ts';
import { constantLR } from './constant-lr.ts';
import { cosineAnnealingLR } from './cosine-annealing-lr.ts';
import { cosineAnnealingWarmRestarts } from './cosine-annealing-warm-restarts.ts';
import { cyclicLR } from './cyclic-lr.ts';
import { exponentialLR } from './exponential-lr.ts';
import { linearLR } from './linear-lr.ts';
import { multiStepLR } from './multi-step-lr.ts';
import { oneCycleLR } from './one-cycle-lr.ts';
import { polynomialLR } from './polynomial-lr.ts';
import type { RateCurve, RateCurveFactory } from './scheduler.ts';
import { stepLR } from './step-lr.ts';
import { swaLR } from './swa-lr.ts';

/** Every scheduler that stands for itself and has no state, by its canonical torch name: one file each. */
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
  SWALR: swaLR,
};

/** The curve of a torch class. Throws NOT_AVAILABLE for a name without one, STAGE_INVALID for values that torch would refuse. */
export function rateCurve(name: string, config: TorchArguments): RateCurve {
  const factory = Object.hasOwn(FACTORIES, name) ? FACTORIES[name] : undefined;
  if (factory !== undefined) return factory(config);
  const available = Object.keys(FACTORIES);
  throw new RootstockError('NOT_AVAILABLE', `scheduler.name: "${name}" is not available.\nFix: use one of ${available.join(', ')}.`, {
    name,
    available,
  });
}
