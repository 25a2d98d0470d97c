import { encodeNumber, type Metrics } from '../contracts/json.ts';
import type { StagePlan } from '../contracts/plan.ts';
import type { GroupSettings } from './schedulers/scheduler.ts';

/**
 * The learning rate of each parameter group by the name that Lightning's LearningRateMonitor gives it: `lr-AdamW/pg1`, `lr-AdamW/pg2`, ...,
 * first that of the parameters in no group of `param_groups`, if there are any, then `groups` in order. Empty for a single group, whose rate
 * is `lr`. `settings`: of the optimizer's own group first, as a scheduler gives them.
 */
export function groupRates(
  { optimizer, mask }: Pick<StagePlan, 'optimizer'> & { readonly mask: Pick<StagePlan['mask'], 'trainable'> },
  settings: readonly GroupSettings[],
): Metrics {
  const placed = (optimizer.groups ?? []).reduce((sum, { paths }) => sum + paths.length, 0);
  const rates = placed === mask.trainable.length ? settings.slice(1) : settings;
  if (rates.length < 2) return {};
  return Object.fromEntries(rates.map(({ lr }, index) => [`lr-${optimizer.name}/pg${index + 1}`, encodeNumber(lr)]));
}
