import type { TrainableMask, TrainerPlan } from '../contracts/plan.ts';
import { isFrozenModule } from './freeze.ts';

/** What decides whether a module moves in a stage. */
export interface StillnessInput {
  readonly mask: TrainableMask;
  readonly trainer: Pick<TrainerPlan, 'frozenModulesMode'>;
}

/** Tells whether a stage leaves the module at a path as it is: all its parameters are frozen, and it runs in eval mode. */
export function standsStill({ mask, trainer }: StillnessInput): (modulePath: string) => boolean {
  return (path) => trainer.frozenModulesMode === 'eval' && isFrozenModule(mask, path);
}
