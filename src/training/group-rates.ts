import { encodeNumber, type JsonNumber, type Metrics } from '../contracts/json.ts';
import type { OptimizerPlan, StagePlan, TrainerPlan } from '../contracts/plan.ts';
import type { GroupSettings } from './schedulers/scheduler.ts';

/** What of a stage says which parameter groups there are, and what is logged of them. */
export interface LoggedGroups {
  readonly optimizer: OptimizerPlan;
  readonly mask: Pick<StagePlan['mask'], 'trainable'>;
  readonly trainer?: Pick<TrainerPlan, 'logOptimizer'>;
}

/**
 * The learning rate of each parameter group by the name that Lightning's LearningRateMonitor gives it: `lr-AdamW/pg1`, `lr-AdamW/pg2`, ...,
 * first that of the parameters in no group of `param_groups`, if there are any, then `groups` in order. None for a single group, whose rate
 * is `lr`. Beside them what `logOptimizer` asks for: `lr-AdamW-momentum`, `lr-AdamW/pg1-weight_decay`, .... `settings`: of the optimizer's
 * own group first, as a scheduler gives them.
 */
export function groupRates({ optimizer, mask, trainer }: LoggedGroups, settings: readonly GroupSettings[]): Metrics {
  const groups = optimizer.groups ?? [];
  const placed = groups.reduce((sum, { paths }) => sum + paths.length, 0);
  const all = [optimizer, ...groups].flatMap(({ config }, index) => {
    const group = settings[index];
    return group === undefined ? [] : [{ config, ...group }];
  });
  const logged = placed === mask.trainable.length ? all.slice(1) : all;
  return Object.fromEntries(
    logged.flatMap((group, index): readonly (readonly [string, JsonNumber])[] => {
      const name = `lr-${optimizer.name}${logged.length < 2 ? '' : `/pg${index + 1}`}`;
      const others = (trainer?.logOptimizer ?? []).flatMap((key) => {
        const value = key === 'momentum' ? momentumOf(group) : group.config[key];
        return typeof value === 'number' ? [[`${name}-${key}`, encodeNumber(value)] as const] : [];
      });
      return [...(logged.length < 2 ? [] : [[name, encodeNumber(group.lr)] as const]), ...others];
    }),
  );
}

/** Lightning's: the first of betas or the momentum, 0 where there is neither; a cycle's stands in for it. */
function momentumOf({ config, momentum }: GroupSettings & Pick<OptimizerPlan, 'config'>): unknown {
  const { betas, momentum: own = 0 } = config;
  return momentum ?? (Array.isArray(betas) ? (betas[0] as unknown) : own);
}
